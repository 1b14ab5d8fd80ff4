"""What stands in docs/ between `<!-- generated: NAME -->` and `<!-- end -->`.

`python -P -m aqe.tests.docs.generated` writes it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic.alias_generators import to_camel

from aqe.agents.deployment_readiness.foresight.features import FEATURES
from aqe.agents.deployment_readiness.production import KEY_OF
from aqe.bus.deadletters import DEAD_CAP_ENTRIES, MAX_ERROR_CHARS
from aqe.bus.events import EVENT_TYPES
from aqe.bus.publisher import DEDUPE_WINDOW_MS, HARD_CAP_ENTRIES
from aqe.bus.retention import GROUP_IDLE_S, KEEP_S, LAGGING_SHARE
from aqe.bus.subscription import Delivery
from aqe.cli.text import duration_text
from aqe.config.checklist import default_checklist
from aqe.config.policy import default_policy
from aqe.connectors.formats.table import IMPORTERS
from aqe.core.criteria import CRITERIA, Source
from aqe.core.importing import Importer
from aqe.core.records.bulk.rows import DATASET_ROWS
from aqe.core.records.decisions.attestations import is_attestable
from aqe.core.records.signals import SIGNAL_METRICS, SignalKind
from aqe.fleet.asyncapi import ABOUT, HEADERS, REQUIRED_HEADERS
from aqe.fleet.schemas import file_name, schemas
from aqe.memory.keys import KEYS, KeySpec

ROOT = Path(__file__).parents[2]
PART = re.compile(r"(?<=<!-- generated: )([a-z-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """Markdown; `head` has the titles, parted by `|`."""
    titles = [title.strip() for title in head.split("|")]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in (titles, *rows)]
    return "".join([lines[0], f"|{'---|' * len(titles)}\n", *lines[1:]])


def code(text: str) -> str:
    return f"`{text}`"


def entry_fields() -> str:
    """What stands in an entry."""
    rows = [(code(name), _header_words(name), "always" if name in REQUIRED_HEADERS else "optional") for name in HEADERS]
    return table(
        "field | what | there", [*rows, (code("data"), "the payload, JSON text, names in camelCase", "always")]
    )


def _header_words(name: str) -> str:
    header = HEADERS[name]
    return "the event type" if name == "type" else header.get("description") or code(header["const"])


def delivery() -> str:
    """The numbers behind the words; a subscriber of the fleet's library may choose others."""
    ours = Delivery()
    assert ours.max_run_s is not None
    rows = [
        ("lease: a consumer that was not heard of for so long loses its entries", duration_text(ours.lease_s)),
        ("deliveries of an entry before it is a dead letter", str(ours.max_attempts)),
        ("pause before the second attempt; it doubles, with jitter", f"{ours.backoff_s:g} s"),
        ("longest pause", duration_text(ours.max_backoff_s)),
        ("a handler that runs longer has failed", duration_text(ours.max_run_s)),
        ("entries are kept, once every durable group has acknowledged them", duration_text(KEEP_S)),
        ("a group that is not durable goes after so long without a consumer", duration_text(GROUP_IDLE_S)),
        ("entries of one stream at which publishing is refused", f"{HARD_CAP_ENTRIES:,}"),
        ("a durable group this far behind is announced by `group:lagging`", f"{100 * LAGGING_SHARE:.0f} % of that"),
        ("the id of a published event is remembered", duration_text(DEDUPE_WINDOW_MS / 1000)),
        ("dead letters kept of one type (`retention.dead_letters`)", f"{DEAD_CAP_ENTRIES:,}"),
        ("of an error, a dead letter keeps", f"{MAX_ERROR_CHARS} characters"),
    ]
    return table("what | default", rows)


def events() -> str:
    """Every event: an overview, then its payload."""
    rows = [(f"[`{kind}`](#{kind.replace(':', '')})", a.when, ", ".join(a.sent_by)) for kind, a in ABOUT.items()]
    return table("event | sent when | by", rows) + "".join(_event(kind) for kind in EVENT_TYPES)


def _event(kind: str) -> str:
    payload, about = EVENT_TYPES[kind], ABOUT[kind]
    schema = json.loads(schemas()[f"events/{file_name(kind)}"])
    rows = [
        (code(name), _type(field, schema), field["description"].replace("\n", " ") + _default(name, field, schema))
        for name, field in schema["properties"].items()
    ]
    facts = [
        f"Sent by {', '.join(about.sent_by)} when {about.when}.",
        f"Handled by {', '.join(about.handled_by)}." if about.handled_by else "",
        f"Subject: {about.subject}. Schema: `events/{file_name(kind)}`.",
    ]
    words = "\n".join(filter(None, facts))
    return f"\n### {kind}\n\n{payload.__doc__}\n\n{words}\n\n{table('field | type | meaning', rows)}"


def _type(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A JSON Schema type in words: `string or null`, `array of string`."""
    if "$ref" in field:
        return _type(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in field:
        return " or ".join(_type(part, schema) for part in field["anyOf"])
    if field.get("type") == "array":
        return f"array of {_type(field['items'], schema)}"
    return "time (ISO 8601)" if field.get("format") == "date-time" else str(field.get("type", "any JSON"))


def _default(name: str, field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    return "" if name in schema.get("required", ()) else f" (may be left out{_as_default(field)})"


def _as_default(field: Mapping[str, Any]) -> str:
    return f": {json.dumps(field['default'])}" if field.get("default") not in (None, [], {}) else ""


def keys() -> str:
    """Every key."""
    rows = [
        (
            code(spec.pattern), spec.description, _value(spec),
            ", ".join(spec.written_by), ", ".join(spec.read_by), code(f"memory/{file_name(spec.pattern)}"),
        )
        for spec in KEYS
    ]  # fmt: skip
    return table("key | what | value | written by | read by | schema", rows)


def _value(spec: KeySpec) -> str:
    records = get_args(spec.model) or (spec.model,)
    name = "any JSON" if spec.model is Any else " or ".join(code(record.__name__) for record in records)
    return f"history of {name}" if spec.history else f"array of {name}" if spec.many else name


def datasets() -> str:
    """Columns of bulk data."""
    rows = []
    for kind, row in DATASET_ROWS.items():
        hints = get_type_hints(row)
        columns = [f"`{name}`{'' if type(None) in get_args(hints[name]) else '*'}" for name in row._fields]
        rows.append(
            (
                code(kind),
                ", ".join(columns),
                ", ".join(i.name for i in IMPORTERS if kind in i.produces) or "nothing yet",
            )
        )
    return table("kind | columns (* = never empty) | imported from", rows)


def gates() -> str:
    """Every criterion a gate may have."""
    rows = [
        (
            code(name), _kind(source), _fields(source),
            _origin(source) + (f"; `aqe deploy attest --item {name}`" if is_attestable(name) else ""),
        )
        for name, source in CRITERIA.items()
    ]  # fmt: skip
    return table("criterion | signal | metric | how to get it", rows)


def risk() -> str:
    """Every metric of the default policy's risk."""
    rows = [
        (dimension, code(name), _kind(metric), _fields(metric), _origin(metric))
        for dimension, policy in default_policy().risk.items()
        for name, metric in policy.metrics.items()
    ]
    return table("dimension | risk metric | signal | metric | how to get it", rows)


def features() -> str:
    """Everything that confidence and rollback prediction look at."""
    rows = [
        (code(f.name), f.worse, _kind(f.source), _fields(f.source), _origin(f.source))
        if isinstance(f.source, Source)
        else (code(f.name), f.worse, "deployment history", f.source, "[history](memory.md#deployment-history)")
        for f in FEATURES
    ]
    return table("feature | worse when | signal | metric | how to get it", rows)


def curves() -> str:
    """Every curve of the default policy."""
    rows = [
        (
            dimension, f"{policy.weight:g}", code(name) + (", vetoes" if metric.veto else ""), _fields(metric),
            ", ".join(f"{point.value:g} → {point.risk:g}" for point in metric.curve),
        )
        for dimension, policy in default_policy().risk.items()
        for name, metric in policy.metrics.items()
    ]  # fmt: skip
    return table("dimension | its weight | metric | read from | value → risk", rows)


def checklist() -> str:
    """Every item of the default checklist."""
    rows = []
    for item in default_checklist().items.values():
        sources = {name: CRITERIA[name] for name in item.criteria}
        ways = list(dict.fromkeys(map(_origin, sources.values())))
        if files := [words for name, words in CHECKED_FILES.items() if name in sources]:
            ways = [*files, *ways]
        if item.attestable:
            ways.append(f"`aqe deploy attest --item {item.id}`")
        asked = ", ".join(f"`{name}`" for name in item.criteria)
        rows.append(
            (item.item, code(item.id), item.level.value, "yes" if item.required else "no", asked, "; ".join(ways))
        )
    return table("item | id | level | required | criteria | how to get it", rows)


CHECKED_FILES = {
    "changelog_updated": "`changelog` in aqe.yaml",
    "rollback_plan_documented": "`runbook` in aqe.yaml",
    "api_docs_current": "`openapi_documented` and `openapi_generated` in aqe.yaml",
    "migrations_tested": "`migrations` in aqe.yaml",
}
"""Criterion -> the files that `aqe deploy checklist` reads for it; see fleet/imports/file_evidence.py."""


def _kind(source: Source) -> str:
    return source.signal.value if source.signal else "deployment history"


def _fields(source: Source) -> str:
    """As JSON has them: `linesAdded + linesDeleted`."""
    if source.combine == "of":
        return f"`{to_camel(source.field[0])}`, where `{to_camel(source.field[1])}` > 0"
    return code(re.sub(r"[a-z]\w*(?!\w*\()", lambda name: to_camel(name[0]), source.formula))


def _origin(source: Source) -> str:
    if source.signal is None:
        return "[history](memory.md#deployment-history)"
    if source.signal is SignalKind.PRODUCTION:
        keys = ", ".join(code(key) for key in dict.fromkeys(KEY_OF[name] for name in source.field))
        return f"{keys}, or `aqe signal put {source.signal} FILE`"
    importers = [i.name for i in IMPORTERS if set(source.field) <= given(i).get(source.signal, set())]
    files = f"`aqe import`: {', '.join(importers)}; " if importers else ""
    return f"{files}`aqe signal put {source.signal} FILE`"


def given(importer: Importer) -> dict[SignalKind, set[str]]:
    """Metrics that an importer can give, by the kinds it promises."""
    kinds = [SignalKind(kind) for kind in importer.produces if kind in SIGNAL_METRICS]
    return {kind: set(importer.about.metrics) & set(SIGNAL_METRICS[kind].model_fields) for kind in kinds}


def quality_formats() -> str:
    """What tools report about a release."""
    return _formats("quality")


def production_formats() -> str:
    """What happens in production."""
    return _formats("production")


def _formats(folder: str) -> str:
    about = [(i, i.about) for i in IMPORTERS if f".formats.{folder}." in type(i).__module__]
    rows = [
        (
            f"{a.title} (`{i.name}`)", a.versions, a.producers, a.recognised_by, a.fields,
            f"{', '.join(i.produces)}: {', '.join(code(to_camel(m)) for m in a.metrics) or 'rows'}",
            a.sample, a.how_to_export,
        )
        for i, a in about
    ]  # fmt: skip
    head = "format | versions | written by | recognised by | read of it | gives | tested with | how to get it"
    return table(head, rows)


PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "events.md": {"entry-fields": entry_fields, "delivery": delivery, "events": events},
    "memory.md": {"keys": keys, "datasets": datasets},
    "evidence.md": {"gates": gates, "risk": risk, "checklist": checklist, "features": features},
    "risk.md": {"curves": curves},
    "formats/README.md": {"quality-formats": quality_formats, "production-formats": production_formats},
}
"""Page -> its generated parts."""


def filled(page: str) -> str:
    """The page as it has to be."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return PART.sub(lambda part: f"{part[1]}{part[2]}\n{PAGES[page][part[1]]()}\n", text)


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / "docs" / name).write_text(filled(name), encoding="utf-8")
        print(f"docs/{name}")
