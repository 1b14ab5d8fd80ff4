"""docs/events.md, memory.md, evidence.md, risk.md and formats/ say what the code says.

What stands in them between `<!-- generated: NAME -->` and `<!-- end -->` is written by this file:
`python -P -m aqe.tests.docs.test_generated_docs`. The tests compare, and run the commands around it.
"""

import ast
import io
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from pydantic.alias_generators import to_camel
from redis import Redis

from aqe.agents.commander.workflow import WORKFLOWS
from aqe.agents.deployment_readiness.foresight.features import FEATURES
from aqe.agents.deployment_readiness.production import KEY_OF
from aqe.bus.deadletters import DEAD_CAP_ENTRIES, MAX_ERROR_CHARS
from aqe.bus.events import EVENT_TYPES, PAYLOADS, Event
from aqe.bus.publisher import DEDUPE_WINDOW_MS, HARD_CAP_ENTRIES
from aqe.bus.reading import read_event
from aqe.bus.retention import GROUP_IDLE_S, KEEP_S, LAGGING_SHARE
from aqe.bus.subscription import Delivery
from aqe.cli.text import duration_text
from aqe.config.checklist import default_checklist
from aqe.config.policy import default_policy, parse_policy
from aqe.connectors.formats import IMPORTERS
from aqe.core.criteria import CRITERIA, Source
from aqe.core.importing import Importer
from aqe.core.records.attestations import is_attestable
from aqe.core.records.history import DeploymentOutcome
from aqe.core.records.rows import DATASET_ROWS
from aqe.core.records.signals import SIGNAL_METRICS, Signal, SignalKind
from aqe.fleet.asyncapi import ABOUT, FIELDS, HEADERS, REQUIRED_HEADERS
from aqe.fleet.decisions.what_if import read_what_if
from aqe.fleet.roster import profiles
from aqe.fleet.schemas import asyncapi, field_words, file_name, schemas
from aqe.fleet.servers.library import load_sync
from aqe.fleet.tasks import OUTCOMES
from aqe.memory.keys import KEYS, KeySpec
from aqe.tests.builders import NOW
from aqe.tests.e2e.test_subscribers import npm_install, run

ROOT = Path(__file__).parents[2]
PART = re.compile(r"(?<=<!-- generated: )([a-z-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

# What is generated ---------------------------------------------------------------------------------------------------


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
    name = "any JSON" if spec.model is Any else code(spec.model.__name__)
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


# Tests ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_the_code_says(page: str) -> None:
    """After a change: `make docs`."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [part[1] for part in PART.finditer(text)] == list(PAGES[page])
    assert text == filled(page), f"docs/{page} is out of date: make docs"


@pytest.mark.parametrize(
    "part", [part for parts in PAGES.values() for part in parts.values()], ids=lambda p: p.__name__
)
def test_no_line_of_a_table_has_an_empty_cell(part: Callable[[], str]) -> None:
    """Every event, key and piece of evidence is explained in full."""
    lines = [line for line in part().splitlines() if line.startswith("| ")]
    assert len(lines) > 2
    for line in lines:
        assert all(cell.strip() for cell in line.strip("|").split(" | ")), line


def test_every_event_is_explained() -> None:
    """Its sender, subject and occasion, and every field of its payload."""
    assert list(ABOUT) == list(EVENT_TYPES)
    for payload in PAYLOADS:
        assert list(field_words(payload)) == list(payload.model_fields), payload.event_type
    assert set(FIELDS) <= {name for payload in PAYLOADS for name in payload.model_fields}


SENDERS = {
    "agents/production_intelligence": {"production-intelligence"},
    "agents/deployment_readiness": {"deployment-readiness"},
    "agents/commander": {"fleet-commander"},
    "agents/base.py": {"production-intelligence", "deployment-readiness"},
    "agents/work.py": {"production-intelligence", "deployment-readiness"},
    "bus/retention.py": {"fleet-commander"},
    "bus/subscription.py": {"subscribers"},
    "fleet/imports/ingest.py": {"import"},
    "fleet/tasks.py": {"cli"},
    "fleet/decisions/approvals.py": {"cli"},
    "fleet/decisions/overrides.py": {"cli"},
    "fleet/rollouts/runner.py": {"cli", "gateway"},
    "fleet/rollouts/desk.py": {"cli"},
    "fleet/rollouts/regional_runner.py": {"cli", "gateway"},
    "fleet/rollouts/regions.py": {"cli"},
}
"""Where events are made -> who that is."""


def test_the_senders_are_those_that_send() -> None:
    """Each payload class is called where the table says, and nowhere else."""
    types = {payload.__name__: payload.event_type for payload in PAYLOADS}
    found: dict[str, set[str]] = {}
    for folder in ("agents", "bus", "cli", "fleet", "hooks"):
        for path in (ROOT / folder).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in types:
                    (sender,) = (who for where, who in SENDERS.items() if name.startswith(where))
                    found.setdefault(types[node.func.id], set()).update(sender)
    assert found == {kind: set(about.sent_by) - {"other programs"} for kind, about in ABOUT.items()}


def test_the_handlers_are_those_that_subscribe() -> None:
    """The commander's subscriptions; the command line waits for how a task ends."""
    tree = ast.parse((ROOT / "agents" / "commander" / "agent.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".subscribe")
    ]
    subscribed = {ast.literal_eval(call.args[0]) for call in calls}
    assert subscribed == {kind for kind, about in ABOUT.items() if "fleet-commander" in about.handled_by}
    assert set(OUTCOMES) == {kind for kind, about in ABOUT.items() if "cli" in about.handled_by}


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.event_type)
def test_an_entry_has_the_documented_fields(payload: Any) -> None:
    """With everything there is to say."""
    event = Event(payload.event_type, {}, "s", NOW, "i", "about", "c", "e", "00-0-0-00")
    names = event.fields()[::2]
    assert set(names) == {*HEADERS, "data"}
    bare = Event(payload.event_type, {}, "s", NOW).fields()[::2]
    assert set(REQUIRED_HEADERS) <= set(bare)


def test_what_an_importer_gives_is_found() -> None:
    """Its own sample gives no metric that the evidence table would not name."""
    for importer in IMPORTERS:
        (sample,) = (ROOT / "tests" / "formats" / importer.name).glob("sample.*")
        for kind, part in importer.parse(io.BytesIO(sample.read_bytes())).signals:
            assert set(part.metrics) <= given(importer)[kind], importer.name


# The AsyncAPI document -----------------------------------------------------------------------------------------------


def test_the_asyncapi_document_holds_together() -> None:
    """A channel and a message for every event; every reference leads somewhere; nothing of newer dialects."""
    document = asyncapi()
    assert [c["address"] for c in document["channels"].values()] == [f"aqe:events:{kind}" for kind in EVENT_TYPES]
    assert {o["action"] for o in document["operations"].values()} == {"send", "receive"}
    text = json.dumps(document)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', text):
        target = document
        for step in reference.split("/"):
            target = target[step]
    assert not re.search(r'"(\$defs|prefixItems|unevaluatedProperties|dependentSchemas)"', text)


CHECK = """
const { Parser } = require("@asyncapi/parser");
const text = require("fs").readFileSync(0, "utf8");
new Parser().parse(text).then(({ document, diagnostics }) => {
  const bad = diagnostics.filter((d) => d.severity < 2).map((d) => `${d.path.join(".")}: ${d.message}`);
  const messages = document ? document.messages().all().map((m) => m.name()) : [];
  console.log(JSON.stringify({ bad, messages }));
});
"""


@pytest.mark.xdist_group("npm")
def test_the_asyncapi_document_is_valid(tmp_path: Path) -> None:
    """In the eyes of AsyncAPI's own parser: no error and no warning."""
    npm_install(tmp_path, "@asyncapi/parser@3")
    (tmp_path / "check.cjs").write_text(CHECK, encoding="utf-8")
    found = json.loads(run("node", "check.cjs", cwd=tmp_path, stdin=schemas()["asyncapi.json"]))
    assert found == {"bad": [], "messages": list(EVENT_TYPES)}


# What people wrote around it -----------------------------------------------------------------------------------------


def blocks(page: str, language: str) -> list[str]:
    """Fenced blocks of a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_policy_and_the_assumptions_of_the_risk_page_can_be_used(tmp_path: Path) -> None:
    """As they stand there."""
    assumptions, own = blocks("risk.md", "yaml")
    (tmp_path / "if.yaml").write_text(assumptions)
    assert read_what_if(str(tmp_path / "if.yaml")).signals[SignalKind.SECURITY] == {"critical_vulnerabilities": 0}
    policy = parse_policy(own.encode(), name="own", where="docs/risk.md")
    assert policy.risk["performance"].metrics["response_time"].risk_at(600) == 60
    assert policy.risk["performance"].metrics["errors"].veto


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    """To a file or folder of ours, and to a heading of the page where it names one."""
    here = ROOT / "docs" / page
    for target, heading in re.findall(r"\]\(([^)#\s:]*)(?:#([^)]+))?\)", here.read_text(encoding="utf-8")):
        file = here.parent / target if target else here
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, heading


def test_the_entry_of_the_page_can_be_read() -> None:
    """The same fields as the fleet writes."""
    ((_, flat),) = [json.loads(block) for block in blocks("events.md", "json")]
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    event = read_event({name.encode(): value.encode() for name, value in fields.items()})
    written = [part if isinstance(part, str) else part.decode() for part in event.fields()]
    assert dict(zip(written[::2], written[1::2], strict=True)) == fields


def test_every_type_of_task_is_described() -> None:
    """What other programs may ask for."""
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", text.partition("| task type |")[2], re.MULTILINE))
    assert {*WORKFLOWS, *(kind for profile in profiles() for kind in profile.task_types)} <= rows


@pytest.mark.parametrize("page", ["events.md", "memory.md"])
def test_the_redis_commands_of_a_page_work(page: str, redis_url: str) -> None:
    """Each as it stands there, in order, on a server with the function library and nothing else."""
    with Redis.from_url(redis_url) as client:
        load_sync(client)
        commands = [line for block in blocks(page, "redis") for line in block.replace("\\\n", "").splitlines()]
        assert len(commands) > 5
        for line in commands:
            client.execute_command(*shlex.split(line, comments=True))


def test_the_task_of_the_page_is_one(redis_url: str) -> None:
    """What `FCALL aqe_publish` puts into the stream is an event that the commander can read; twice is once."""
    with Redis.from_url(redis_url) as client:
        load_sync(client)
        (line,) = [block for block in blocks("events.md", "redis") if "FCALL aqe_publish" in block]
        for _ in range(2):
            client.execute_command(*shlex.split(line.replace("\\\n", "")))
        rows: Any = client.xrange("aqe:events:task:submitted")
        assert len(rows) == 1
        event = read_event(rows[0][1])
        assert event.data.type == "deployment-assessment"
        assert event.data.payload == {"version": "v1.4.0"}
        assert client.sismember("aqe:events", "task:submitted")


def test_the_values_of_the_page_are_what_readers_expect(redis_url: str) -> None:
    """The signal that is stored and the deployment that is appended are read by the models behind those keys."""
    with Redis.from_url(redis_url) as client:
        load_sync(client)
        for block in blocks("memory.md", "redis"):
            for line in block.replace("\\\n", "").splitlines():
                client.execute_command(*shlex.split(line, comments=True))
        signals: Any = client.mget(sorted(client.scan_iter("aqe/*signals/*")))
        assert signals
        for text in signals:
            Signal.from_json(text, where="docs/memory.md")
        history: Any = client.lrange("aqe/deployment/history", 0, -1)
        assert history
        for text in history:
            DeploymentOutcome.from_json(text, where="docs/memory.md")


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / "docs" / name).write_text(filled(name), encoding="utf-8")
        print(f"docs/{name}")
