"""Real access logs become load tests: files that lie beside the repository, where they do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aqe.agents.production_intelligence.load.patterns import load_patterns
from aqe.agents.production_intelligence.load.plan import plan_load_test
from aqe.connectors.formats.production.access_log import AccessLog
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.production.load import LoadModel, LoadPatterns
from aqe.generators.secrets_scan import scan
from aqe.generators.table import LOAD_TARGETS
from aqe.tests.unit.production.windows import stored

SHARED = Path(__file__).parents[4] / "shared"


def logs() -> Iterator[Path]:
    for folder in ("data/access_log", "samples/access_log"):
        yield from sorted((SHARED / folder).glob("*.log"))


@pytest.mark.parametrize("log", [*logs()] or [None], ids=lambda log: log.name if log else "none")
def test_a_real_log_is_a_load_test_or_says_why_not(log: Path | None, tmp_path: Path) -> None:
    """Everything asked for was in it, a path and a safe method; the files hold no secret."""
    if log is None:
        pytest.skip("no access logs in ../shared beside the repository")
    with log.open("rb") as stream:
        rows = [row for row in AccessLog().parse(stream).rows or () if isinstance(row, AccessRow)]
    last = max(row.at for row in rows)
    answer = load_patterns(stored(tmp_path, rows, now=last + timedelta(hours=1), days=30)).answer
    assert isinstance(answer, LoadPatterns)
    if not isinstance(answer.model, LoadModel):
        assert answer.model.reason
        return
    test = plan_load_test(answer.model, duration_s=600)
    assert {request.method for request in test.requests} <= {"GET", "HEAD", "OPTIONS"}
    assert sum(request.share for request in test.requests) == pytest.approx(1)
    for target in LOAD_TARGETS:
        assert scan(target.render(test)) == ()
