"""Items of the deployment history: old and short ones, corrections, when an outcome may be used."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.core.errors import InputError
from aqe.core.records.decisions.history import DeploymentOutcome, Foresight, HistoryReader, read_history
from aqe.core.records.signals import SignalKind
from aqe.tests.builders import NOW, a_deployment

MINIMAL = {"version": "v1.3.0", "deployedAt": "2026-01-08T09:00:00Z", "outcome": "success"}


def a_correction(of: DeploymentOutcome, **changes: object) -> DeploymentOutcome:
    return of.model_copy(update={"corrects": of.id, "known_at": NOW, **changes})


def values(*items: DeploymentOutcome) -> list[object]:
    return [item.to_dict() for item in items]


def test_the_short_items_of_other_programs_are_read() -> None:
    (item,) = read_history([MINIMAL])
    assert (item.environment, item.incidents, item.before, item.failed) == ("production", 0, None, False)


def test_an_item_survives_its_json() -> None:
    before = Foresight(
        version="v1",
        assessed_at=NOW,
        features={"change_size": 120.0},
        signals={SignalKind.CODE_QUALITY: {"grade": "B"}},
    )
    item = a_deployment(before=before, outcome="rolled_back", rollback_s=42, service="shop")
    assert read_history(values(item)) == (item,)


def test_a_correction_replaces_what_it_names_in_its_place() -> None:
    first, wrong, last = a_deployment(9), a_deployment(5, version="v2"), a_deployment(1, version="v3")
    history = read_history(values(first, wrong, last, a_correction(wrong, outcome="failed")))
    assert [(item.version, item.outcome) for item in history] == [
        ("v0", "success"),
        ("v2", "failed"),
        ("v3", "success"),
    ]


def test_a_correction_can_be_corrected() -> None:
    wrong = a_deployment(5)
    once = a_correction(wrong, outcome="failed")
    (item,) = read_history(values(wrong, once, a_correction(once, outcome="rolled_back")))
    assert item.outcome == "rolled_back"


def test_a_correction_keeps_what_was_said_before_the_deployment() -> None:
    before = Foresight(version="v0", assessed_at=NOW - timedelta(days=6), risk=18)
    wrong = a_deployment(5, before=before)
    (item,) = read_history(values(wrong, a_correction(wrong, outcome="failed", before=None)))
    assert item.before == before


def test_a_correction_of_nothing_makes_the_history_unusable() -> None:
    """Which deployment was the failed one is then not known."""
    with pytest.raises(InputError, match=r"v0.*no earlier item"):
        read_history(values(a_correction(a_deployment())))


def test_two_items_of_one_moment_are_two_deployments() -> None:
    assert len(read_history(values(a_deployment(), a_deployment()))) == 2


def test_an_item_that_does_not_fit_is_named() -> None:
    with pytest.raises(InputError, match=r"history\[1\]: outcome"):
        read_history([MINIMAL, {**MINIMAL, "outcome": "fine"}])


def test_an_outcome_is_used_from_when_it_was_known() -> None:
    known, restored = NOW - timedelta(days=1), NOW - timedelta(days=9)
    assert a_deployment(10).learnt_at == a_deployment(10).deployed_at
    assert a_deployment(10, restored_at=restored).learnt_at == restored
    assert a_deployment(10, restored_at=restored, known_at=known).learnt_at == known


def texts(*items: DeploymentOutcome) -> list[bytes]:
    return [item.to_json().encode() for item in items]


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=5))
def test_a_reader_that_has_read_before_reads_what_a_new_one_does(lists: list[list[int]]) -> None:
    """Whatever was appended, cut off, or changed in its place in between."""
    known = [a_deployment(version=f"v{n}") for n in range(6)]
    reader = HistoryReader()
    for numbers in lists:
        items = [known[number] for number in numbers]
        assert reader.read(texts(*items)) == read_history(values(*items))


def test_a_reader_does_not_parse_again_what_it_has_read() -> None:
    reader = HistoryReader()
    (first,) = reader.read(texts(a_deployment()))
    assert reader.read(texts(a_deployment(), a_deployment(version="v9")))[0] is first


def test_a_reader_names_the_item_that_does_not_fit_and_reads_on_when_it_is_mended() -> None:
    good, reader = texts(a_deployment()), HistoryReader()
    for bad in (b"{", b'{"version": 3}', b"\xff"):
        with pytest.raises(InputError, match=r"history\[1\]"):
            reader.read([*good, bad])
    assert len(reader.read(good)) == 1
