"""What people wrote around the generated parts of pages: examples work, links lead somewhere."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from aqe.agents.commander.workflow import WORKFLOWS
from aqe.bus.reading import read_event
from aqe.config.policy import parse_policy
from aqe.core.records.decisions.history import DeploymentOutcome
from aqe.core.records.signals import Signal, SignalKind
from aqe.fleet.decisions.what_if import read_what_if
from aqe.fleet.roster import profiles
from aqe.fleet.servers.library import load_sync
from aqe.tests.docs.generated import PAGES, ROOT


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
