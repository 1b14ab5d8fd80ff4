"""What a change did, as later reads of the same flow showed: numbers that fell or rose, lists that had the new thing.

Two principles, each kept only when it held in every recorded case:

- *amount*: between two reads of one resource a change was asked for with a number, and what the read showed fell (or
  rose) by at least that much. Others may have changed it meanwhile, in the recording and in a test, so the bound is
  one-sided; it is kept when half of the cases at least met it exactly.
- *membership*: the id that a change gave is in a list that is read later (or never is: another's list).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ....analysis.texts.json_shape import Path, dotted, leaves
from ....core.records.production.scenarios import Capture, Expectation
from .exchanges import MISSING, name_of
from .flows import Flow, FlowStep

MIN_CASES = 3
"""Recorded cases before one of the two is expected."""
_MAX_READS = 4
"""Later reads of one resource that a read is compared with."""


@dataclass
class Effects:
    """What one step shows of earlier ones.

    Args:
        captures: to be taken from its answer for a later step.
        expectations: of its answer.
        shows: what a test of the step adds, to choose flows by.
    """

    captures: list[Capture] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    shows: set[Any] = field(default_factory=set)


class _Amount(NamedTuple):
    rule: Any
    """Reads, place in them, and where the amount was asked for."""
    before: FlowStep
    after: FlowStep
    path: Path
    moved: float
    amount: float


class _Member(NamedTuple):
    rule: Any
    by_the_same: bool
    """Who reads is who made the change."""
    step: FlowStep
    path: str
    placeholder: str
    is_in: bool


def effects(found: Sequence[Flow]) -> dict[int, Effects]:
    """Id of a step -> its effects; steps without any are left out."""
    made: dict[int, Effects] = defaultdict(Effects)
    _amounts([case for flow in found for case in _amount_cases(flow)], made)
    _members([case for flow in found for case in _member_cases(flow)], made)
    return made


def _amounts(cases: Iterable[_Amount], made: dict[int, Effects]) -> None:
    by_rule: dict[Any, list[_Amount]] = defaultdict(list)
    for case in cases:
        by_rule[case.rule].append(case)
    told: set[tuple[int, str]] = set()
    for rule, many in by_rule.items():
        kind = _moved(many)
        for case in many if kind else ():
            path = dotted(case.path)
            if (id(case.after), path) in told:
                continue
            told.add((id(case.after), path))
            name = _capture(made[id(case.before)], case, path)
            word = "less" if kind == "json-fell" else "more"
            because = f"at least {case.amount:g} {word} than before so many were asked for: so in {len(many):,} cases"
            expected = Expectation(kind=kind, path=path, value=[f"{{{{{name}}}}}", case.amount], because=because)
            made[id(case.after)].expectations.append(expected)
            made[id(case.after)].shows.add(rule)


def _moved(cases: Sequence[_Amount]) -> Any:
    """`json-fell` or `json-rose` when it held in all cases, and exactly in half of them."""
    for kind, sign in (("json-fell", -1), ("json-rose", 1)):
        exact = sum(sign * case.moved == case.amount for case in cases)
        if len(cases) >= MIN_CASES and all(sign * c.moved >= c.amount for c in cases) and exact * 2 >= len(cases):
            return kind
    return None


def _capture(of: Effects, case: _Amount, path: str) -> str:
    """The name under which the number is taken before the change."""
    known = next((capture.name for capture in of.captures if capture.path == path), None)
    if known is None:
        known = f"{_word(case.path)}_before"
        of.captures.append(Capture(name=known, path=path))
    return known


def _amount_cases(flow: Flow) -> Iterator[_Amount]:
    for at, before in enumerate(flow.steps):
        if not _is_read(before):
            continue
        same = [n for n, step in enumerate(flow.steps) if n > at and step.key == before.key and _is_read(step)]
        for later in same[:_MAX_READS]:
            between = [s for s in flow.steps[at + 1 : later] if not s.exchange.safe and s.exchange.status < 300]
            after, way = flow.steps[later], tuple(step.exchange.kind for step in between)
            numbers = dict(_numbers(after.exchange.answer))
            for path, value in _numbers(before.exchange.answer):
                for step in between if path in numbers else ():
                    for asked, amount in _numbers(step.body):
                        if amount > 0 and asked and "id" not in str(asked[-1]):
                            rule = (before.exchange.kind, path, way, step.exchange.kind, dotted(asked))
                            yield _Amount(rule, before, after, path, numbers[path] - value, amount)


def _is_read(step: FlowStep) -> bool:
    return step.exchange.safe and step.exchange.status == 200 and isinstance(step.exchange.answer, dict)


def _numbers(document: Any) -> Iterator[tuple[Path, float]]:
    """Whole numbers outside of lists."""
    for path, value in leaves(document) if isinstance(document, dict) else ():
        if type(value) is int and not any(isinstance(part, int) or part == "#" for part in path):
            yield path, value


def _members(cases: Iterable[_Member], made: dict[int, Effects]) -> None:
    by_rule: dict[Any, dict[bool, list[_Member]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        by_rule[case.rule][case.by_the_same].append(case)
    for rule, sides in by_rule.items():
        own = sides[True]
        if len(own) < MIN_CASES or not all(case.is_in for case in own):
            continue
        _expect(rule, own, "json-includes", "is in the list afterwards", made)
        others = sides[False]
        if len(others) >= MIN_CASES and not any(case.is_in for case in others):
            _expect(rule, others, "json-excludes", "is in nobody else's list", made)


def _expect(rule: Any, cases: Sequence[_Member], kind: Any, words: str, made: dict[int, Effects]) -> None:
    for case in cases:
        because = f"what was made {words}: so in {len(cases):,} cases"
        value = f"{{{{{case.placeholder}}}}}"
        made[id(case.step)].expectations.append(Expectation(kind=kind, path=case.path, value=value, because=because))
        made[id(case.step)].shows.add((rule, kind))


def _member_cases(flow: Flow) -> Iterator[_Member]:
    places = {id(step): n for n, step in enumerate(flow.steps)}
    for at, step in enumerate(flow.steps):
        if not _is_read(step):
            continue
        lists = _texts_of_lists(step.exchange.answer)
        for placeholder, (maker, path) in flow.makers.items():
            if maker.exchange.safe or places.get(id(maker), at) >= at or placeholder in step.needs:
                continue
            value = _value(maker.exchange.answer, path)
            for where, found in lists.items():
                same = maker.authorization == step.authorization
                rule = (step.exchange.kind, where, maker.exchange.kind, path)
                yield _Member(rule, same, step, where, placeholder, value in found)


def _texts_of_lists(document: Any) -> dict[str, set[Any]]:
    """Path with one `*` -> the ids there; of empty lists nothing is known but that they have none."""
    found: dict[str, set[Any]] = defaultdict(set)
    for path, value in leaves(document):
        where = dotted(path, any_item=True)
        if where.count("*") == 1 and isinstance(value, str) and name_of("", value):
            found[where].add(value)
    return found


def _value(document: Any, path: Path) -> Any:
    for part in path if document is not MISSING else ():
        document = document[part]
    return document


def _word(path: Path) -> str:
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in str(path[-1]).lower()).strip("_")
    return text if text[:1].isalpha() else f"value_{text}".strip("_")
