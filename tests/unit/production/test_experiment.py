"""What an experiment did: nothing is told that chance, a broken split or too few people could explain."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aqe.agents.production_intelligence.comparisons import experiment_units
from aqe.agents.production_intelligence.comparisons.experiment import ab_test_impact
from aqe.cli.production.experiment import impact_text, p_words
from aqe.core.errors import TaskVetoed
from aqe.core.records.bulk.rows import Row
from aqe.core.records.evidence import NotMeasured
from aqe.core.records.production.experiment import EffectVerdict, ExperimentImpact, MetricEffect
from aqe.tests.unit.production.windows import loaded, product_event, view

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def visitors(count: int, *, lift: float = 1.0, slower: float = 1.0, treated_every: int = 2) -> Iterator[Row]:
    """One every minute, in turns; a fifth buys, in the treatment `lift` times as many."""
    for n in range(count):
        at, who = NOW - timedelta(minutes=count - n), f"s{n}"
        treated = n % treated_every == 0
        mark = f"other=x checkout={'new' if treated else 'control'}"
        loading = (500 + n * 37 % 400) * (slower if treated else 1)
        yield view(at, who, experiment=mark, loading_ms=loading, lcp_ms=float("nan"))
        if n * 7919 % 1000 < 200 * (lift if treated else 1):
            yield product_event(at, "purchase", who, revenue=10.0 + n % 5, currency="EUR")


def found(rows: Iterator[Row], **payload: Any) -> ExperimentImpact:
    given = {"experiment": "checkout", "days": 90, **payload}
    answer = ab_test_impact(loaded(rows, now=NOW, **given)).answer
    assert isinstance(answer, ExperimentImpact)
    return answer


def verdicts(impact: ExperimentImpact) -> dict[str, str]:
    return {e.metric: e.verdict for e in impact.effects if isinstance(e, MetricEffect)}


def test_a_lift_in_sales_is_better_and_slower_pages_are_worse() -> None:
    """With its interval, and the insight to stop; vitals that are no number are not measured."""
    impact = found(visitors(8000, lift=1.6, slower=1.3))
    told = verdicts(impact)
    assert told["conversion"] == told["revenue"] == EffectVerdict.BETTER
    assert told["loading"] == EffectVerdict.WORSE
    conversion = next(e for e in impact.effects if isinstance(e, MetricEffect) and e.metric == "conversion")
    assert conversion.low and conversion.high and 0 < conversion.low < 0.6 < conversion.high
    reasons = " ".join(e.reason for e in impact.effects if isinstance(e, NotMeasured))
    assert "lcp" in reasons and "inp" in reasons
    assert {i.priority for i in impact.insights} == {"HIGH", "MEDIUM"}


def test_every_p_value_stands_beside_the_level_it_was_compared_with() -> None:
    """In the record and in the text, with the correction that made it; digits enough to see which is smaller."""
    impact = found(visitors(4000))
    assert (impact.alpha, impact.comparisons, impact.correction) == (0.05, 6, "Bonferroni")
    effects = [e for e in impact.effects if isinstance(e, MetricEffect)]
    assert {e.alpha for e in effects} == {0.05 / 6}
    text = impact_text(impact)
    assert text.count(" 0.0083 ") == len(effects) + 1
    assert "LEVEL: 0.05/6 = 0.0083 (Bonferroni, 6 comparisons), so that 5 % is the chance of ever being wrong" in text
    assert p_words(0.015, 0.05 / 6) == ("0.015", "0.0083")
    assert p_words(0.05 / 6 - 1e-9, 0.05 / 6) == ("0.008333332", "0.008333333")
    assert p_words(0.0, 0.001) == ("0", "0.001")


def test_arms_that_are_alike_show_no_difference_which_is_not_that_there_is_none() -> None:
    """And give no insight."""
    impact = found(visitors(4000))
    assert set(verdicts(impact).values()) == {EffectVerdict.NO_DIFFERENCE_SHOWN}
    assert impact.insights == ()


def test_a_split_that_is_not_as_planned_tells_no_effect() -> None:
    """Somebody is lost: a third instead of a half. With the split said, it is fine."""
    impact = found(visitors(4000, lift=3.0, treated_every=3))
    assert (impact.split_holds, impact.effects) == (False, ())
    assert "does not split as planned" in impact.insights[0].title
    assert found(visitors(4000, treated_every=3), splitPercent=100 / 3).split_holds


def test_too_few_people_are_no_experiment() -> None:
    """Every metric says so."""
    impact = found(visitors(150))
    assert all(isinstance(effect, NotMeasured) for effect in impact.effects)


def test_without_revenue_somebody_has_to_say_what_a_conversion_is() -> None:
    """`--goal` names an event, a page or a page group."""
    views = [row for row in visitors(1000) if hasattr(row, "loading_ms")]
    (asked,) = found(iter(views), metric="conversion").effects
    assert isinstance(asked, NotMeasured) and "--goal" in asked.reason
    assert verdicts(found(iter(views), metric="conversion", goal="/")) == {
        "conversion": EffectVerdict.NO_DIFFERENCE_SHOWN
    }


def test_who_was_in_both_arms_is_left_out_and_counted() -> None:
    """Nobody knows which of them did it."""
    both = [view(NOW - timedelta(hours=1), "s0", experiment=f"checkout={v}") for v in ("control", "new")]
    impact = found(iter([*visitors(600), *both]))
    assert (impact.in_several_arms, sum(arm.units for arm in impact.arms)) == (1, 599)


def test_a_wrong_name_says_which_ones_there_are() -> None:
    """One clear line each."""
    with pytest.raises(TaskVetoed, match=r"names experiment 'chekout'; seen are checkout, other"):
        found(visitors(10), experiment="chekout")
    for payload, words in (
        ({"experiment": ""}, "which experiment"),
        ({"metric": "joy"}, "expected one of conversion"),
        ({"control": "nobody"}, "expected one of control, new"),
        ({"splitPercent": 100.0}, "the control gets nothing"),
    ):
        with pytest.raises(TaskVetoed, match=words):
            found(visitors(10), **payload)


def test_more_people_than_memory_holds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded, and said."""
    monkeypatch.setattr(experiment_units, "MAX_UNITS", 300)
    assert found(visitors(400)).left_out >= 100
