"""The watch goes on from memory keys as if it had never stopped, or says why it does not."""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqe.agents.outcome import Outcome
from aqe.agents.production_intelligence.anomalies import kept_watch
from aqe.agents.production_intelligence.anomalies.detection import detect_anomalies
from aqe.agents.production_intelligence.loaded import Loaded
from aqe.core.records.base import encode
from aqe.core.records.bulk.apm import MetricRow
from aqe.core.records.bulk.levels import Level, LevelSource, MetricPoint, Requested, Scope, Stretch
from aqe.core.records.production.anomalies import AnomalyReport
from aqe.tests.unit.production.windows import NOW, RowsInMemory

STEP = timedelta(minutes=5)
WATCH = "aqe/production/watch"


class Points(RowsInMemory):
    """Metric points and the levels of access logs, counted as they are read."""

    def __init__(self, points: Iterable[MetricRow], levels: Iterable[Level] = ()) -> None:
        super().__init__(points)
        self._levels = list(levels)
        self.read = 0

    def metric_points(self, **window: Any) -> Iterator[MetricPoint]:
        rows = sorted(self.rows("metric-points", **window), key=lambda row: (row.name, row.at))
        self.read += len(rows)
        yield from (MetricPoint(r.name, "value", "gauge", r.unit, None, "{}", r.at.timestamp(), r.value) for r in rows)

    def tally(self, kind: str, columns: Sequence[str] = (), **how: Any) -> Iterator[tuple[Any, ...]]:
        if kind != LevelSource.ACCESS.kind:
            yield from super().tally(kind, columns, **how)
        elif told := list(self.levels(LevelSource.ACCESS, **how)):
            yield sum(one.total for one in told), told[0].start_s, max(one.start_s for one in told)

    def people(self, stretch: Stretch, *, release: str | None = None) -> tuple[int, int]:
        return 0, 0

    def requested(self, stretch: Stretch, *, most: int, release: str | None = None) -> Requested:
        return Requested(0, 0, ())

    def levels(self, source: LevelSource, **how: Any) -> Iterator[Level]:
        since, until = how["since"].timestamp(), how["until"].timestamp()
        yield from (one for one in self._levels if source is LevelSource.ACCESS and since <= one.start_s < until)


def metric(name: str, points: int, *, fault: range = range(0), seed: int = 1) -> list[MetricRow]:
    """Up to NOW, every five minutes; far off in the points of `fault`."""
    values = np.random.default_rng(seed).normal(5.0, 0.3, points)
    first = NOW - points * STEP
    return [
        MetricRow(first + n * STEP, name, 60.0 if n in fault else value, unit="percent")
        for n, value in enumerate(values.tolist())
    ]


def stands(stores: Mapping[str, Any], records: Mapping[str, Any] = {}) -> dict[str, Any]:
    """What is read from memory after `stores` was written."""
    return {**records, **{key: json.loads(encode(value)) for key, value in stores.items()}}


def look(rows: Points, now: datetime, records: Mapping[str, Any] = {}, **payload: Any) -> tuple[AnomalyReport, Outcome]:
    outcome = detect_anomalies(Loaded(now, payload, rows, records))
    assert isinstance(outcome.answer, AnomalyReport)
    return outcome.answer, outcome


def told(report: AnomalyReport) -> dict[str, Any]:
    """What was found, without how it came about."""
    found = report.to_dict()
    return {name: found[name] for name in found if name not in ("points", "continued", "notContinued", "new")}


def kept(outcome: Outcome) -> list[dict[str, Any]]:
    """What the keys say about each series, by name."""
    parts = [value for key, value in stands(outcome.stores).items() if key.startswith(f"{WATCH}/")]
    return sorted((one for part in parts for one in part["series"]), key=lambda one: str(one["name"]))


ROWS = [*metric("http_errors", 2500, fault=range(2300, 2320)), *metric("queue", 2500, seed=2, fault=range(2450, 2500))]


@given(
    hours=st.lists(st.floats(0.1, 160.0), min_size=1, max_size=3).map(lambda h: sorted(h, reverse=True)),
    again=st.booleans(),
)
@settings(max_examples=3)
def test_looking_many_times_finds_and_keeps_the_very_same_as_looking_once(hours: list[float], again: bool) -> None:
    """Whatever the breaks, and whether or not a look sees what the last one saw: the same words and the same bits."""
    once, all_at_once = look(Points(ROWS), NOW)
    records: dict[str, Any] = {}
    for before in hours:
        now = NOW - timedelta(hours=before)
        seen = Points(row for row in ROWS if row.at < now)
        for _ in range(1 + again):
            records = stands(look(seen, now, records)[1].stores, records)
    report, outcome = look(Points(ROWS), NOW, records)
    assert told(report) == told(once)
    assert report.continued == 2 and report.not_continued == ()
    assert kept(outcome) == kept(all_at_once)


def test_only_new_points_are_looked_at_and_little_is_read_again() -> None:
    long = metric("http_errors", 9000)
    records = stands(look(Points(row for row in long if row.at < NOW - STEP), NOW)[1].stores)
    rows = Points(long)
    report, _ = look(rows, NOW, records)
    assert (report.points, report.continued) == (1, 1)
    assert rows.read < 2500


def test_a_late_point_is_left_out() -> None:
    records = stands(look(Points(ROWS), NOW)[1].stores)
    late = MetricRow(NOW - timedelta(hours=30, seconds=7), "queue", 9e9, unit="percent")
    report, outcome = look(Points([*ROWS, late]), NOW, records)
    assert report.points == 0 and kept(outcome) == kept(look(Points(ROWS), NOW)[1])


def test_history_that_was_imported_afterwards_is_learnt() -> None:
    """The older half of a metric comes after the newer one: nobody has to delete a key."""
    rows = metric("http_errors", 2400)
    records = stands(look(Points(rows[1200:]), NOW)[1].stores)
    report, outcome = look(Points(rows), NOW, records)
    assert "1,200 rows of metric-points came for a time that had been looked at" in report.not_continued[0]
    assert kept(outcome) == kept(look(Points(rows), NOW)[1])


def _older(records: dict[str, Any]) -> None:
    records[WATCH]["version"] = 0


def _strange(records: dict[str, Any]) -> None:
    records[WATCH] = ["no", "index"]


def _lost(records: dict[str, Any]) -> None:
    del records[f"{WATCH}/0"]


def _damaged(records: dict[str, Any]) -> None:
    one = records[f"{WATCH}/0"]["series"][0]
    one["state"] = one["state"][:400] + "A" * 40 + one["state"][440:]


def _of_another_shape(records: dict[str, Any]) -> None:
    one = records[f"{WATCH}/0"]["series"][0]
    state = json.loads(zlib.decompress(base64.b64decode(one["state"])))
    state["watch"]["scorer"]["daily"]["mean"] = {"shape": [1], "f8": base64.b64encode(bytes(8)).decode()}
    one["state"] = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()


def _without_what_was_usual(records: dict[str, Any]) -> None:
    for one in records[f"{WATCH}/0"]["series"]:
        state = json.loads(zlib.decompress(base64.b64decode(one["state"])))
        state["progress"]["usual"]["hits"] = 1e999
        one["state"] = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()


def _huge(records: dict[str, Any]) -> None:
    records[f"{WATCH}/0"]["series"][0]["state"] = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()


@pytest.mark.parametrize(
    "damage", [_older, _strange, _lost, _damaged, _of_another_shape, _without_what_was_usual, _huge]
)
def test_what_cannot_be_gone_on_with_is_named_and_learnt_from_the_window(
    damage: Callable[[dict[str, Any]], None],
) -> None:
    once, all_at_once = look(Points(ROWS), NOW)
    records = stands(all_at_once.stores)
    damage(records)
    report, outcome = look(Points(ROWS), NOW, records)
    assert any("learnt from the window" in word for word in report.not_continued)
    assert told(report) == told(once) and kept(outcome) == kept(all_at_once)


@pytest.mark.parametrize("payload", [{"threshold": 0.9}, {"method": "3sigma"}, {"release": "2.0"}, {"days": 60}])
def test_a_question_of_ones_own_leaves_nothing_behind(payload: dict[str, Any]) -> None:
    """Somebody who tries another threshold must not change what the loop knows."""
    records = stands(look(Points(ROWS), NOW)[1].stores)
    report, outcome = look(Points(ROWS), NOW, records, **payload)
    assert report.continued == 0 and not any(key.startswith(WATCH) for key in outcome.stores)


def test_more_than_a_thousand_series_fit_into_keys_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a key that is no longer needed is emptied, not left with what was true once."""
    monkeypatch.setattr(kept_watch, "PART_CHARS", 400_000)
    rows = [row for n in range(1100) for row in metric(f"m{n:04}", 3, seed=n)]
    report, outcome = look(Points(rows), NOW)
    parts = {key: encode(value) for key, value in outcome.stores.items() if key.startswith(f"{WATCH}/")}
    assert len(kept(outcome)) == 1100 == report.unjudged_series
    assert max(map(len, parts.values())) < 410_000 and len(parts) > 3
    later = timedelta(days=90)
    few = [row._replace(at=row.at + later) for row in rows[:3]]
    after = look(Points(few), NOW + later, stands(outcome.stores))[1]
    assert set(parts) <= after.stores.keys() and [one["name"] for one in kept(after)] == ["m0000"]


def levels_of(bad: range, silent: range, buckets: int = 1500) -> list[Level]:
    """A service with two endpoints, one of which says nothing in `silent` and fails in `bad`."""
    first = int(NOW.timestamp()) - 300 * buckets
    draws = np.random.default_rng(3).integers(20, 60, (buckets, 2))
    found = []
    for path, column in (("GET /a", 0), ("GET /b", 1)):
        for n in range(buckets):
            if path == "GET /b" and n in silent:
                continue
            total = int(draws[n, column])
            ms = float(draws[n, 0])
            hits = total // 2 if path == "GET /b" and n in bad else 0
            found.append(Level(Scope("shop", path), first + 300 * n, total, hits, total, ms, ms * 2, None))
    return sorted(found)


def test_an_endpoint_that_falls_silent_goes_on_being_watched() -> None:
    """Also when nothing of it is in what is read: that is what an outage looks like."""
    levels = levels_of(bad=range(1200, 1230), silent=range(1350, 1500))
    once, all_at_once = look(Points([], levels), NOW)
    assert {a.type.value for a in once.anomalies if a.severity != "LOW"} == {"ERROR_RATE_SPIKE", "THROUGHPUT_DROP"}
    early = Points([], [one for one in levels if one.start_s < NOW.timestamp() - 300 * 220])
    records = stands(look(early, NOW - timedelta(hours=18))[1].stores)
    report, outcome = look(Points([], levels), NOW, records)
    assert told(report) == told(once) and report.continued > 0
    assert [one["state"] for one in kept(outcome)] == [one["state"] for one in kept(all_at_once)]
