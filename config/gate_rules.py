"""The gates of a policy's YAML: limits, rules, scores, freeze windows and waivers; each mistake is one line."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..core.criteria import CRITERIA, limit_problem
from ..core.objectives import Sets, parse_criterion
from ..core.records.decisions.policy import Comparison, FreezeWindow, GatePolicy, NoData, Rule, Scoring, Waiver
from ..core.records.decisions.readiness import Enforcement
from ..core.registry import did_you_mean
from .yamlfile import YamlDocument, YamlPath

_GATE_LISTS = {"mandatory_gates": True, "optional_gates": False}
_GATE_KEYS = ("enforcement", "no_data", "compare_with", "total_score")
_NAME = re.compile(r"\w[\w .-]{0,79}")
"""A gate's name is the first part of every reason that it gives, up to a colon."""
_OPERATORS = {"max_": ("<", "<="), "min_": (">", ">=")}


def read_gates(doc: YamlDocument) -> list[GatePolicy]:
    """`deployment_gates`: the mandatory ones, then the optional ones."""
    gates: dict[str, GatePolicy] = {}
    doc.mapping(("deployment_gates",), _GATE_LISTS)
    for section, mandatory in _GATE_LISTS.items():
        for gate in doc.mapping(("deployment_gates", section)):
            path = ("deployment_gates", section, gate)
            if gate in gates:
                raise doc.error(path, f"gate {gate!r} is mandatory already")
            _check_name(doc, path, gate)
            gates[gate] = _gate(doc, path, gate, mandatory)
    return list(gates.values())


def _check_name(doc: YamlDocument, path: YamlPath, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise doc.error(path, f"{name!r} cannot be a gate's name: letters, digits, space and . _ - only")


def _gate(doc: YamlDocument, path: tuple[str, ...], gate: str, mandatory: bool) -> GatePolicy:
    given = dict(doc.mapping(path, (*_GATE_KEYS, *CRITERIA)))
    own = {key: given.pop(key, None) for key in _GATE_KEYS}
    if own["enforcement"] not in list(Enforcement):
        raise doc.error(
            (*path, "enforcement"),
            f"enforcement of {gate} is {own['enforcement']!r}, expected one of {', '.join(Enforcement)}",
        )
    if not given:
        raise doc.error(path, f"gate {gate!r} has no criteria: it would always pass")
    rules = {name: _rule(doc, (*path, name), name) for name, limit in given.items() if _is_rule(name, limit)}
    limits = {name: limit for name, limit in given.items() if name not in rules}
    for criterion, limit in limits.items():
        if problem := limit_problem(criterion, limit):
            raise doc.error((*path, criterion), f"{criterion} is {limit!r}: {problem}")
    return GatePolicy(
        gate=gate,
        mandatory=mandatory,
        enforcement=Enforcement(own["enforcement"]),
        criteria=limits,
        rules=rules,
        no_data=_no_data(doc, path, own["no_data"]),
        comparison=_comparison(doc, (*path, "compare_with")),
        scoring=_scoring(doc, (*path, "total_score")) if own["total_score"] is not None else None,
    )


def _no_data(doc: YamlDocument, path: tuple[str, ...], word: object) -> NoData:
    if word is None:
        return NoData.INCONCLUSIVE
    if word not in list(NoData):
        # Warning or passing would reward whoever deletes the report.
        raise doc.error((*path, "no_data"), f"no_data is {word!r}, expected one of {', '.join(NoData)}")
    return NoData(str(word))


def _comparison(doc: YamlDocument, path: tuple[str, ...]) -> Comparison:
    return doc.read(Comparison, doc.mapping(path, Comparison.model_fields), path)


def _scoring(doc: YamlDocument, path: tuple[str, ...]) -> Scoring:
    given = doc.mapping(path, ("pass", "warning"))
    percents = {f"{name}_percent": _percent(doc, (*path, name), given.get(name)) for name in ("pass", "warning")}
    return doc.read(Scoring, percents, path)


def _percent(doc: YamlDocument, path: YamlPath, value: object) -> float:
    """`90` or `90%`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *%?", str(value), re.ASCII)
    if isinstance(value, bool) or not match:
        raise doc.error(path, f"{'.'.join(map(str, path[-2:]))} is {value!r}, expected a percentage: 90%")
    return float(match[1])


# Rules ---------------------------------------------------------------------------------------------------------------


def _is_rule(criterion: str, limit: object) -> bool:
    """A comparison in text, or a mapping; the limit of a grade is text too."""
    return isinstance(limit, dict) or (isinstance(limit, str) and CRITERIA[criterion].is_numeric)


def _rule(doc: YamlDocument, path: tuple[str, ...], criterion: str) -> Rule:
    if not CRITERIA[criterion].is_numeric or not criterion.startswith(tuple(_OPERATORS)):
        raise doc.error(path, f"{criterion} is no number: it takes a plain limit")
    value = _at(doc, path)
    if isinstance(value, str):
        return Rule(passes=_sets(doc, path, criterion, value))
    given = dict(doc.mapping(path, ("pass", "warning", "weight", "key")))
    if given.get("pass") is None:
        raise doc.error(path, f"{criterion} has no pass: it would never pass", hint="pass: '<=500'")
    sets = {
        field: _sets(doc, (*path, name), criterion, given.pop(name))
        for field, name in (("passes", "pass"), ("warns", "warning"))
        if given.get(name) is not None
    }
    return doc.read(Rule, {**given, **sets}, path)


def _at(doc: YamlDocument, path: YamlPath) -> Any:
    value: Any = doc.value
    for part in path:
        value = value[part]
    return value


def _sets(doc: YamlDocument, path: YamlPath, criterion: str, value: object) -> Sets:
    """`"<=500"`; a list is alternatives, a list in it must hold as a whole."""
    alternatives = value if isinstance(value, list) else [value]
    sets = []
    for index, each in enumerate(alternatives):
        at = (*path, index) if isinstance(value, list) else path
        together = each if isinstance(each, list) else [each]
        if not together:
            raise doc.error(at, f"{criterion}: an empty list of criteria would always hold")
        sets.append(tuple(_criterion(doc, at, criterion, text) for text in together))
    if not sets:
        raise doc.error(path, f"{criterion}: an empty list of criteria would never hold")
    return tuple(sets)


def _criterion(doc: YamlDocument, path: YamlPath, criterion: str, text: object) -> str:
    try:
        parsed = parse_criterion(str(text))
    except ValueError as error:
        raise doc.error(path, f"{criterion} is {text!r}: {str(error).partition(', ')[2]}") from error
    allowed = _OPERATORS[criterion[:4]]
    if parsed.operator not in allowed:
        raise doc.error(path, f"{criterion}: {text!r} should begin with {' or '.join(allowed)}, as its name says")
    number = int(parsed.value) if parsed.value.is_integer() else parsed.value
    if not parsed.relative and (problem := limit_problem(criterion, number)):
        raise doc.error(path, f"{criterion} is {text!r}: {problem}")
    return "".join(str(text).split())


# Freeze windows and waivers ------------------------------------------------------------------------------------------


def read_freezes(doc: YamlDocument, gates: Iterable[GatePolicy]) -> list[FreezeWindow]:
    """`freeze_windows`."""
    taken = {gate.gate for gate in gates}
    found = []
    for path, given in _items(
        doc, "freeze_windows", [*FreezeWindow.model_fields, "from", "to"], "{name: ..., from: ...}"
    ):
        fields = dict(given)
        for field, name in (("starts", "from"), ("ends", "to")):
            if name in fields:
                fields[field] = _moment(fields.pop(name))
        window = doc.read(FreezeWindow, fields, path)
        _check_name(doc, path, window.name)
        if window.name in taken:
            raise doc.error(path, f"{window.name!r} is the name of a gate already")
        taken.add(window.name)
        found.append(window)
    return found


def _moment(value: object) -> str:
    """As text: YAML reads 18:00 as 18 * 60, and a day as a date."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value // 60:02}:{value % 60:02}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def read_waivers(doc: YamlDocument, gates: Iterable[GatePolicy]) -> list[Waiver]:
    """`waivers`; each must be about a gate or criterion that there is."""
    gates = list(gates)
    names = {
        "gate": [gate.gate for gate in gates],
        "criterion": [name for gate in gates for name in (*gate.criteria, *gate.rules)],
    }
    found = []
    for path, given in _items(doc, "waivers", list(_WAIVER_KEYS), "{gate: ..., reason: ..., owner: ..., expires: ...}"):
        fields = dict(given)
        for field, known in names.items():
            if field in fields and fields[field] not in known:
                near = did_you_mean(str(fields[field]), known)
                raise doc.error((*path, field), f"no {field} {fields[field]!r} in this policy{near}")
        fields["expires_at"] = _expiry(doc, (*path, "expires"), fields.pop("expires", None))
        found.append(doc.read(Waiver, fields, path))
    return found


_WAIVER_KEYS = ("gate", "criterion", "up_to", "reason", "owner", "expires")


def _expiry(doc: YamlDocument, path: YamlPath, value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC) + timedelta(days=1)
    raise doc.error(
        path, f"expires is {value!r}, expected a day, or a time with its offset: 2026-03-31, 2026-03-31T12:00:00Z"
    )


def _items(doc: YamlDocument, section: str, known: list[str], shape: str) -> list[tuple[YamlPath, dict[str, Any]]]:
    entries = doc.value.get(section) or []
    if not isinstance(entries, list):
        raise doc.error((section,), f"{section} is a list: - {shape}")
    paths: list[YamlPath] = [(section, index) for index in range(len(entries))]
    return [(path, doc.mapping(path, known)) for path in paths]
