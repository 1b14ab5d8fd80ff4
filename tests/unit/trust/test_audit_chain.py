"""A log that was changed is found out; what only a kept head can show is shown by the head."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aqe.core.audit import chained, verify
from aqe.core.records.audit import GENESIS, AuditDraft, AuditEntry

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
Log = list[dict[str, Any]]


def a_log(count: int, previous: str = GENESIS, start: int = 1, actor: str = "cto") -> Log:
    items = []
    for sequence in range(start, start + count):
        draft = AuditDraft(
            action="approval:granted",
            actor=actor,
            subject=f"v{sequence}",
            details={"risk": 12.5, "gates": ["security"]},
        )
        entry = chained(draft, sequence=sequence, previous=previous, at=NOW + timedelta(seconds=sequence))
        items.append(entry.to_dict())
        previous = entry.hash
    return items


def test_an_untouched_log_is_intact_and_names_its_head() -> None:
    log = a_log(5)
    verdict = verify(log, [log[-1]["hash"], log[1]["hash"], GENESIS])
    assert verdict.intact
    assert (verdict.entries, verdict.head) == (5, log[-1]["hash"])


def test_an_empty_log_is_intact_until_a_head_of_it_is_known() -> None:
    """A flushed server."""
    assert verify([]).intact
    assert verify([]).head == GENESIS
    assert not verify([], [a_log(1)[0]["hash"]]).intact


def test_a_kept_head_is_still_good_after_more_was_written() -> None:
    log = a_log(3)
    assert verify(log + a_log(2, log[-1]["hash"], 4), [log[-1]["hash"]]).intact


def test_without_a_head_a_cut_end_looks_like_a_shorter_log() -> None:
    """What the chain alone cannot know; the command says so."""
    log = a_log(5)
    assert verify(log[:3]).intact
    assert verify(log[:3], [log[-1]["hash"]]).problem == (
        f"head {log[-1]['hash']} is not in the log: "
        "it was cut off before that entry, written anew, or is that of another store"
    )


def test_the_first_changed_entry_is_named_and_the_head_before_it() -> None:
    log = a_log(5)
    log[2]["actor"] = "intern"
    verdict = verify(log)
    assert verdict.problem == "entry 3 does not fit its hash: edited"
    assert verdict.head == log[1]["hash"]


@pytest.mark.parametrize(
    "item", [None, 1, "x", [], {}, {"sequence": 2}, {**a_log(2)[1], "more": 1}, {**a_log(2)[1], "sequence": "2"}]
)
def test_what_is_no_entry_is_a_problem_and_no_crash(item: object) -> None:
    log: list[object] = [*a_log(2)]
    log[1] = item
    verdict = verify(log)
    assert verdict.problem is not None
    assert verdict.problem.startswith(("entry 2", "entry 2:"))


# 10,000 random changes -----------------------------------------------------------------------------------------------


def rehashed(log: Log, start: int) -> Log:
    """What a forger who knows the rules does: everything from there on chained anew."""
    out = log[:start]
    for number, item in enumerate(log[start:], start + 1):
        draft = AuditDraft(**{name: item[name] for name in AuditDraft.model_fields})
        at = AuditEntry.from_value(item, where="log").at
        previous = out[-1]["hash"] if out else GENESIS
        out.append(chained(draft, sequence=number, previous=previous, at=at).to_dict())
    return out


def edit(log: Log, chance: random.Random) -> Log:
    place = chance.randrange(len(log))
    field = chance.choice(sorted(log[place]))
    old = log[place][field]
    new: Any = {**old, "added": 1} if field == "details" else old + 1 if field == "sequence" else ""
    if isinstance(old, str):
        at = chance.randrange(len(old))
        new = old[:at] + ("0" if old[at] != "0" else "1") + old[at + 1 :]
    return [*log[:place], {**log[place], field: new}, *log[place + 1 :]]


def swap(log: Log, chance: random.Random) -> Log:
    a, b = chance.sample(range(len(log)), 2)
    log = list(log)
    log[a], log[b] = log[b], log[a]
    return log


def remove(log: Log, chance: random.Random) -> Log:
    place = chance.randrange(len(log))
    return log[:place] + log[place + 1 :]


def repeat(log: Log, chance: random.Random) -> Log:
    place = chance.randrange(len(log))
    return [*log[: place + 1], *log[place:]]


def truncate(log: Log, chance: random.Random) -> Log:
    return log[: chance.randrange(len(log))]


def rewrite_to_the_end(log: Log, chance: random.Random) -> Log:
    place = chance.randrange(len(log))
    return rehashed([*log[:place], {**log[place], "actor": "forger"}, *log[place + 1 :]], place)


def remove_and_rewrite(log: Log, chance: random.Random) -> Log:
    place = chance.randrange(len(log))
    return rehashed(log[:place] + log[place + 1 :], place)


TAMPERINGS: tuple[Callable[[Log, random.Random], Log], ...] = (
    edit, swap, remove, repeat, truncate, rewrite_to_the_end, remove_and_rewrite,
)  # fmt: skip


def test_ten_thousand_random_tamperings_are_found_with_a_known_head() -> None:
    chance = random.Random(20260110)
    logs = [a_log(count) for count in range(2, 8)]
    for _ in range(10_000):
        log, tamper = chance.choice(logs), chance.choice(TAMPERINGS)
        changed = tamper(log, chance)
        assert changed != log
        # The forged log itself may go on growing: the known head is then not the last one.
        if chance.random() < 0.3:
            changed = changed + a_log(1, changed[-1]["hash"] if changed else GENESIS, len(changed) + 1, actor="forger")
        assert not verify(changed, [log[-1]["hash"]]).intact, tamper.__name__


@pytest.mark.parametrize("tamper", [edit, swap, remove, repeat])
def test_the_chain_alone_finds_what_was_changed_within_it(tamper: Callable[[Log, random.Random], Log]) -> None:
    """No head needed, except where removing or swapping is a cut of the very end."""
    chance = random.Random(7)
    for _ in range(300):
        log = a_log(chance.randrange(3, 8))
        changed = tamper(log[:-1], chance) + log[-1:]
        assert not verify(changed).intact
