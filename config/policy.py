"""Reading a policy's YAML: every mistake is one line that names file, line and what was probably meant."""

from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..core.criteria import CRITERIA
from ..core.errors import InputError
from ..core.records.decisions.policy import DIMENSIONS, ApprovalRules, GateOverrides, MetricPolicy, Policy
from ..core.records.decisions.readiness import NotApplicable
from ..core.records.signals import SignalKind
from ..core.registry import did_you_mean
from .gate_rules import read_freezes, read_gates, read_waivers
from .rollback import rollback_rules
from .yamlfile import MAX_CHARACTERS, YamlDocument, duration_s, load_yaml

DEFAULT_POLICY = Path(__file__).parent / "policies" / "default.yaml"
FAST_TRACK_POLICY = DEFAULT_POLICY.with_name("fast-track.yaml")
HISTORY = "deployment-history"
"""Stands beside the signal kinds in `max_age`."""

_SECTIONS = (
    "deployment_gates",
    "gate_overrides",
    "approvals",
    "freeze_windows",
    "waivers",
    "risk",
    "max_age",
    "rollback",
    "not_applicable",
)


@cache
def default_policy() -> Policy:
    """The specification's gates over the six dimensions: config/policies/default.yaml."""
    return load_policy(DEFAULT_POLICY)


def load_policy(path: Path) -> Policy:
    """The policy in a file, named after it.

    Raises:
        InputError: the file cannot be read, or what `parse_policy` says.
    """
    return parse_policy(read_policy(path), name=path.stem, where=str(path))


def read_policy(path: Path) -> bytes:
    """The bytes of a policy file, of one that is too large the first; raises InputError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_CHARACTERS * 4 + 1)
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}", hint="the policy is what --config or `policy:` in aqe.yaml names"
        ) from error


@lru_cache(maxsize=64)
def parse_policy(data: bytes, *, name: str, where: str) -> Policy:
    """The policy in the bytes of a file.

    Read once a process, however often the same bytes are handed in: a policy cannot be changed.

    `deployment_gates` is required. `risk` and `max_age` are laid over those of the default policy, key by key: a policy
    can change a weight or a curve, but to be rid of a metric it must declare it not applicable, with a reason.

    Args:
        data: UTF-8 YAML.
        name: how decisions call it.
        where: file name, for error lines.

    Raises:
        InputError: `where:line:` and the first thing that is wrong.
    """
    try:
        doc = load_yaml(data.decode("utf-8-sig"), where=where)
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 text: {error.reason} at byte {error.start}") from error
    top = doc.mapping((), _SECTIONS)
    if "deployment_gates" not in top:
        raise doc.error((), "deployment_gates is missing", hint="a policy without gates says so: deployment_gates: {}")
    gates = read_gates(doc)
    max_age = _max_age(doc)
    policy = doc.read(
        Policy,
        {
            "name": name,
            "digest": sha256(data).hexdigest(),
            "gates": gates,
            "gate_overrides": _rules(doc, "gate_overrides", GateOverrides),
            "approvals": _rules(doc, "approvals", ApprovalRules),
            "freeze_windows": read_freezes(doc, gates),
            "waivers": read_waivers(doc, gates),
            "risk": _risk(doc),
            "history_window_s": max_age.pop(HISTORY),
            "max_age_s": max_age,
            "rollback": rollback_rules(doc if "rollback" in top else _defaults_document()),
            "not_applicable": _not_applicable(doc),
        },
    )
    _check_left_out(doc, policy)
    return policy


def _rules(doc: YamlDocument, section: str, model: type[GateOverrides] | type[ApprovalRules]) -> dict[str, Any]:
    """A section of rules; its duration is written `valid: 8h`."""
    known = ["valid" if name == "valid_s" else name for name in model.model_fields]
    rules = dict(doc.mapping((section,), known))
    if "valid" in rules:
        rules["valid_s"] = _duration_s(doc, (section, "valid"), rules.pop("valid"))
    doc.read(model, rules, (section,))
    return rules


def _duration_s(doc: YamlDocument, path: tuple[str, ...], text: object) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise doc.error(path, f"{'.'.join(path)}: {error}") from error


def _risk(doc: YamlDocument) -> dict[str, Any]:
    merged = {dimension: dict(_defaults("risk").get(dimension, {})) for dimension in DIMENSIONS}
    for dimension in doc.mapping(("risk",), DIMENSIONS):
        path = ("risk", dimension)
        own = doc.mapping(path, ("weight", "metrics"))
        metrics = dict(merged[dimension].get("metrics", {}))
        for metric in doc.mapping((*path, "metrics")):
            changes = doc.mapping((*path, "metrics", metric), MetricPolicy.model_fields)
            metrics[metric] = metrics.get(metric, {}) | changes
        merged[dimension] |= own | {"metrics": metrics}
    return merged


def _max_age(doc: YamlDocument) -> dict[str, float]:
    own = doc.mapping(("max_age",), [*(kind.value for kind in SignalKind), HISTORY])
    ages: dict[str, float] = {}
    for kind, text in (_defaults("max_age") | own).items():
        ages[kind] = _duration_s(doc, ("max_age", kind), text)
    return ages


def _not_applicable(doc: YamlDocument) -> list[NotApplicable]:
    entries = doc.value.get("not_applicable") or []
    if not isinstance(entries, list):
        raise doc.error(("not_applicable",), "not_applicable is a list: - {metric: ..., reason: ...}")
    found = []
    for index in range(len(entries)):
        path = ("not_applicable", index)
        entry = doc.read(NotApplicable, doc.mapping(path, NotApplicable.model_fields), path)
        if not entry.reason.strip():
            raise doc.error(path, f"not_applicable {entry.metric!r} has an empty reason")
        found.append(entry)
    return found


def _check_left_out(doc: YamlDocument, policy: Policy) -> None:
    metrics = [metric for dimension in policy.risk.values() for metric in dimension.metrics]
    known = [*CRITERIA, *(gate.gate for gate in policy.gates), *policy.risk, *metrics]
    for index, entry in enumerate(policy.not_applicable):
        if entry.metric not in known:
            raise doc.error(
                ("not_applicable", index),
                f"not_applicable {entry.metric!r} is no criterion, gate, metric or dimension"
                f"{did_you_mean(entry.metric, known)}",
            )


@cache
def _defaults_document() -> YamlDocument:
    return load_yaml(DEFAULT_POLICY.read_text(encoding="utf-8"), where=str(DEFAULT_POLICY))


def _defaults(section: str) -> dict[str, Any]:
    return _defaults_document().mapping((section,))
