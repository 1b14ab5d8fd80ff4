"""A shop's visits: the reasons to leave are found, what is alike everywhere is not, and what no row tells is said."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aqe.agents.production_intelligence.reporting.report import VISITS, report_of
from aqe.agents.production_intelligence.rum.analysis import _sampling, rum_analysis
from aqe.agents.traced import Shelf
from aqe.cli.production.rum import rum_text
from aqe.core.errors import TaskVetoed
from aqe.core.records.base import encode
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.rum_analysis import Conversion, Funnel, FunnelStep, RumAnalysis, Sampling, VitalFigures
from aqe.reports.terminal import Terminal

from .windows import NOW, stored, view

BUTTON = "TypeError: undefined is not a function (button #)"
NOISE = "ResizeObserver loop limit exceeded"


def shop() -> Iterator[Row]:
    """400 visits; every fourth is of Safari, whose users mostly meet a broken button after /checkout.

    Of Safari's 100 visits 80 meet it and leave there; of all others a third leaves there without it. A tenth of the
    visits of each browser and device meets NOISE on /cart. Mobiles wait longest.
    """
    for n in range(400):
        at, turn = NOW - timedelta(days=2) + timedelta(minutes=n), n // 4
        browser, device = "chrome" if n % 4 else "safari", "mobile" if turn % 2 else "desktop"
        who: dict[str, Any] = {
            "session": f"s{n}",
            "user": f"u{n}",
            "browser": browser,
            "device": device,
            "sample_percent": 50.0,
        }
        lcp = 5_000.0 if device == "mobile" else 1_000.0
        for step, page in enumerate(("/product/17", "/cart", "/checkout")):
            yield RumRow(at + timedelta(seconds=10 * step), "view", page=page, lcp_ms=lcp, **who)
        if turn // 2 % 10 == 0:
            yield RumRow(at + timedelta(seconds=11), "error", message=NOISE, **who)
        broken = browser == "safari" and turn % 5 != 0
        if broken:
            for again in (21, 22, 23):  # in a loop: one visit all the same
                message = f"undefined is not a function (button {again})"
                yield RumRow(at + timedelta(seconds=again), "error", error_type="TypeError", message=message, **who)
        elif turn % 3:
            yield RumRow(at + timedelta(seconds=30), "view", page="/thanks", **who)


def analysed(folder: Path, rows: Iterator[Row] | list[Row], **payload: Any) -> RumAnalysis:
    answer = rum_analysis(stored(folder, rows, **payload)).answer
    assert isinstance(answer, RumAnalysis)
    return answer


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> RumAnalysis:
    return analysed(tmp_path_factory.mktemp("shop"), shop())


def steps(found: RumAnalysis) -> dict[str, FunnelStep]:
    assert isinstance(found.funnel, Funnel)
    return {step.step: step for step in found.funnel.steps}


def test_the_usual_funnel_is_found_by_the_names_of_pages(found: RumAnalysis) -> None:
    assert isinstance(found.funnel, Funnel) and not found.funnel.given
    assert {name: step.pages for name, step in steps(found).items()} == {
        "product": ("/product/{id}",), "cart": ("/cart",), "checkout": ("/checkout",), "confirmation": ("/thanks",),
    }  # fmt: skip
    assert [step.visits for step in steps(found).values()][:3] == [400, 400, 400]


def test_an_error_of_those_who_left_is_their_reason_and_one_that_all_meet_is_not(found: RumAnalysis) -> None:
    """However often a visit met it."""
    left = steps(found)["checkout"]
    assert isinstance(left.reasons, tuple)
    (reason,) = left.reasons
    assert (reason.error, reason.visits, reason.other_share) == (BUTTON, 80, 0.0)
    assert reason.p_value < 1e-6
    assert reason.excess_visits == 80
    assert [(one.dimension, one.value) for one in left.segments] == [("browser", "safari")]
    assert isinstance(steps(found)["cart"].reasons, NotMeasured)  # nobody left there


def test_an_error_belongs_to_the_browser_and_page_where_it_is_more_frequent(found: RumAnalysis) -> None:
    """NOISE comes with all browsers, but on one page only."""
    errors = {error.error: error for error in found.errors}
    assert {(place.dimension, place.value) for place in errors[BUTTON].places} == {
        ("browser", "safari"), ("page", "/checkout"),
    }  # fmt: skip
    assert (errors[BUTTON].times, errors[BUTTON].users, errors[BUTTON].visits) == (240, 80, 80)
    assert errors[BUTTON].devices == {"desktop": 40, "mobile": 40} and errors[BUTTON].regions == {"(not said)": 80}
    assert {place.dimension for place in errors[NOISE].places} == {"page"}


def test_vitals_are_judged_at_p75_by_device_and_those_that_no_row_tells_are_not_measured(found: RumAnalysis) -> None:
    vitals = {vital.name: vital for vital in found.vitals}
    assert isinstance(vitals["LCP"].overall, VitalFigures)
    assert (vitals["LCP"].overall.p75, vitals["LCP"].overall.rating) == (5_000, "POOR")
    by_device = {one.device: one.rating for one in vitals["LCP"].segments if one.device and not one.browser}
    assert by_device == {"mobile": "POOR", "desktop": "GOOD"}
    assert isinstance(vitals["INP"].overall, NotMeasured) and vitals["FID"].legacy


def test_conversion_counts_and_shares_are_those_of_the_rows_and_scaled_by_what_is_kept(found: RumAnalysis) -> None:
    assert isinstance(found.conversion, Conversion) and isinstance(found.sampling, Sampling)
    assert (found.conversion.by, found.conversion.visits) == ("the funnel's last step, confirmation", thanked())
    assert found.conversion.low < found.conversion.share < found.conversion.high
    assert (found.sampling.visits, found.sampling.kept_percent) == (800, 50)
    assert isinstance(found.devices, tuple) and isinstance(found.regions, NotMeasured)
    assert [(device.value, device.visits) for device in found.devices] == [("desktop", 200), ("mobile", 200)]


def thanked() -> int:
    return sum(isinstance(row, RumRow) and row.page == "/thanks" for row in shop())


def test_insights_name_the_reason_the_browser_and_the_slow_vital(found: RumAnalysis) -> None:
    titles = "\n".join(insight.title for insight in found.insights)
    assert f"Who meets {BUTTON} leaves between checkout and confirmation" in titles
    assert "With safari more leave between checkout and confirmation" in titles
    assert "LCP is poor on all visits: 5,000 ms at p75" in titles
    assert "ResizeObserver" not in "".join(i.title for i in found.insights if i.title.startswith("Who meets"))


def test_people_read_reasons_and_gaps(found: RumAnalysis) -> None:
    text = rum_text(found)
    assert f"why after checkout: {BUTTON}: 42 % of those who left, 0 % of those who went on" in text
    assert "INP" in text and "NOT_MEASURED: no row of the window tells it" in text
    assert re.search(r"^LCP \(ms\) +POOR +[0-9]", text, re.MULTILINE) and "CLS (score)" in text
    assert "\nFunnel\nREACHED" in text
    assert "Regions  NOT_MEASURED: no visit names a region" in text


def test_the_report_names_the_errors_that_go_with_leaving(found: RumAnalysis, tmp_path: Path) -> None:
    """Or why that is not known."""
    text = reported(found)
    assert "LCP (ms)" in text and "CLS (score)" in text
    assert BUTTON in text and "insufficient data: 0 dropped" in text
    silent = reported(analysed(tmp_path, [RumRow(NOW, "view", page="/a")]))
    assert "Funnel not measured: no two pages are called" in silent and "Conversion" in silent


def reported(found: RumAnalysis) -> str:
    return Terminal().render(report_of(Shelf({VISITS: json.loads(encode(found))}), NOW)).decode()


def test_a_given_funnel_goes_by_globs_and_a_page_that_nobody_saw_is_told(tmp_path: Path) -> None:
    rows: list[Row] = [view(NOW - timedelta(hours=n), f"s{n}", page) for n, page in enumerate(["/a/1", "/a/2", "/b"])]
    funnel = analysed(tmp_path, rows, funnel=["/a*", "/b"]).funnel
    assert isinstance(funnel, Funnel) and funnel.given
    assert [(step.pages, step.visits) for step in funnel.steps] == [(("/a/{id}",), 2), (("/b",), 0)]
    with pytest.raises(TaskVetoed, match="nobody saw a page '/c'"):
        analysed(tmp_path, rows, funnel=["/a*", "/c"])
    with pytest.raises(TaskVetoed, match="expected a list of 2 to 12 pages"):
        analysed(tmp_path, rows, funnel="/a*")


def test_what_rows_do_not_tell_is_not_measured(tmp_path: Path) -> None:
    """Views that name nobody, and nothing else."""
    found = analysed(tmp_path, [RumRow(NOW - timedelta(hours=n), "view", page="/a") for n in range(3)])
    assert (found.counts.visits, found.counts.views_without_visit) == (0, 3)
    gaps = (found.sampling, found.median_visit_s, found.bounce_share, found.conversion, found.funnel, found.devices)
    assert all(isinstance(gap, NotMeasured) for gap in gaps)
    assert not (found.paths or found.insights)
    assert "NOT_MEASURED" in rum_text(found)


def test_beacons_of_vitals_alone_are_judged(tmp_path: Path) -> None:
    rows: list[Row] = [RumRow(NOW - timedelta(seconds=n), "vital", page="/cart", inp_ms=300.0) for n in range(30)]
    found = analysed(tmp_path, rows)
    overall = {vital.name: vital.overall for vital in found.vitals}["INP"]
    assert isinstance(overall, VitalFigures) and overall.rating == "NEEDS_IMPROVEMENT"
    assert (found.counts.visits, found.pages) == (0, ())
    assert isinstance(found.funnel, NotMeasured)


def test_a_window_without_rows_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaskVetoed, match="no real-user monitoring in the window"):
        rum_analysis(stored(tmp_path, [view(NOW - timedelta(days=30), "s", "/")]))


def test_without_visits_nothing_is_said_of_which_are_kept() -> None:
    """Beacons that name nobody: 0 of 0 visits do not say would be no reason."""
    assert _sampling(()) == NotMeasured(reason="no visit")


def test_hostile_text_is_counted_and_printed_without_harm(tmp_path: Path) -> None:
    """Quotes, control characters, SQL, regular expressions, long paths."""
    pages = ["/a'b", '/"; DROP TABLE visits; --', "/\x1b[31m", "/[.*+?(", "/" + "x" * 20_000, "/ab\n\tc", "/%_", "日本"]
    rows: list[Row] = [
        RumRow(NOW - timedelta(seconds=n), "view", session="s'1", page=page, device="'", browser="\x07")
        for n, page in enumerate(pages)
    ]
    rows += [RumRow(NOW - timedelta(seconds=1), "error", session="s'1", message=page) for page in pages]
    found = analysed(tmp_path, rows, funnel=["*.*", "日本"])
    assert (found.counts.visits, found.counts.views, found.counts.errors) == (1, 8, 8)
    assert "\x1b" not in rum_text(found)


def test_a_report_is_no_wider_than_its_terminal_and_whole_in_a_file(found: RumAnalysis) -> None:
    """Sixty columns, tables included; a file has each row in one line."""
    report = report_of(Shelf({VISITS: json.loads(encode(found))}), NOW)
    narrow = Terminal(room=60).render(report).decode().splitlines()
    assert max(map(len, narrow)) <= 60
    assert max(map(len, Terminal().render(report).decode().splitlines())) > 100
