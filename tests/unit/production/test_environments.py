"""Two environments beside each other, over real files: which environment a row is of stands beside it."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from aqe.agents.production_intelligence.comparisons.environments import MAX_ENDPOINTS, OTHERS, compare_environments
from aqe.agents.production_intelligence.loaded import Loaded
from aqe.cli.production.environments import comparison_text
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.production.environments import EnvironmentComparison
from aqe.core.records.release import Release
from aqe.memory.datasets import DatasetStore
from aqe.tests.unit.production.windows import NOW, request

AT = NOW - timedelta(hours=1)


def two(folder: Path, staging: Iterable[AccessRow], production: Iterable[AccessRow], **payload: str) -> Loaded:
    store = DatasetStore(folder)
    for name, rows in (("staging", staging), ("production", production)):
        release = Release(version="v1", environment=name)
        store.write(rows, source=name, digest=name.ljust(64, "0"), release=release, now=NOW)
    return Loaded(NOW, payload, store)


def compared(loaded: Loaded) -> EnvironmentComparison:
    answer = compare_environments(loaded).answer
    assert isinstance(answer, EnvironmentComparison)
    return answer


def requests(path: str, count: int, bad: int = 0) -> list[AccessRow]:
    return [request(AT, path, status=500 if n < bad else 200) for n in range(count)]


def test_what_only_one_is_asked_for_and_where_it_fails_more_often(tmp_path: Path) -> None:
    staging = requests("/item/1", 500, bad=1) + requests("/debug", 5)
    production = requests("/item/77?x=1", 1000, bad=60) + requests("/checkout", 50)
    found = compared(two(tmp_path, staging, production))

    assert found.only_in_candidate == {"GET /checkout": 50}
    assert found.only_in_baseline == {"GET /debug": 5}
    item = found.endpoints[0]
    assert (item.endpoint, item.error_share, item.baseline_error_share, item.differs) == (
        "GET /item/{id}", 0.06, 0.002, True,
    )  # fmt: skip
    assert found.candidate.error_share == 60 / 1050
    assert found.latency is not None, "this log has no durations"
    assert [insight.id for insight in found.insights] == ["insight-environments-unseen", "insight-environments-errors"]
    text = comparison_text(found)
    assert "Only in production: 1 endpoint\n" in text and "NOT_MEASURED: an access log without durations" in text


def test_the_same_error_rate_is_no_difference(tmp_path: Path) -> None:
    found = compared(two(tmp_path, requests("/a", 300, bad=6), requests("/a", 700, bad=15)))
    assert [one.differs for one in found.endpoints] == [False]
    assert found.insights == ()


def test_one_difference_among_many_endpoints_needs_more(tmp_path: Path) -> None:
    """The chance is multiplied by the number of endpoints that are looked at."""
    few = [row for n in range(40) for row in requests(f"/p{chr(97 + n % 26)}{chr(97 + n // 26)}", 20)]
    alone = compared(two(tmp_path / "a", requests("/x", 60), requests("/x", 60, bad=9))).endpoints[0]
    among = compared(two(tmp_path / "b", few + requests("/x", 60), few + requests("/x", 60, bad=9))).endpoints[0]
    assert (alone.endpoint, alone.differs) == (among.endpoint, True) == ("GET /x", True)
    assert not among.differs


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"baseline": "stagign"}, "did you mean 'staging'?; there are: production, staging"),
        ({"baseline": "production"}, "compared with itself"),
    ],
)
def test_an_environment_without_rows_is_named(tmp_path: Path, payload: dict[str, str], words: str) -> None:
    with pytest.raises(TaskVetoed) as caught:
        compare_environments(two(tmp_path, requests("/a", 1), requests("/a", 1), **payload))
    assert words in str(caught.value)


def test_a_flood_of_paths_stays_within_bounds(tmp_path: Path) -> None:
    flood = [
        request(AT, f"/{'x' * (n % 7)}word{chr(97 + n % 26)}/w{'abcdefghij'[n % 10] * (n // 700 + 1)}")
        for n in range(9000)
    ]
    found = compared(two(tmp_path, requests("/a", 1), flood))
    assert len(found.only_in_candidate) <= 100 and found.candidate.endpoints <= MAX_ENDPOINTS
    assert OTHERS not in found.only_in_candidate
