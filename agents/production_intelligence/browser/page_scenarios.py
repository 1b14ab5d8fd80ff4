"""Pages by their whole address, on their own: the second page of a list shows what every recorded one of it showed.

Ways through pages tell them apart by path alone, and a rare way is none. Only addresses that several people asked for
before they had changed anything are taken: what is there then is there for everybody, and names nobody.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256

from ....core.records.bulk.recordings import ExchangeRow
from ....core.records.production.findings import FindingPriority
from ....core.records.production.scenarios import Expectation, Provenance, TestScenario, UiStep
from ..endpoints import endpoint
from .journeys import PREFIX
from .page_facts import MIN_RECORDED, in_common, whole_page

MAX_ADDRESSES = 10
"""Of one path, those that most people asked for."""
MAX_TEST_IDS = 30
"""Expected of a page: it is the only test of what this address adds."""
_SAFE = frozenset({"GET", "HEAD"})


def page_scenarios(
    recorded: Iterable[ExchangeRow], window: tuple[datetime, datetime], *, least: int
) -> tuple[TestScenario, ...]:
    """A scenario for each path that was asked for with queries.

    Args:
        recorded: exchanges in order of time.
        window: begin and end of the time that was looked at.
        least: people who asked for an address, 1 and above.
    """
    asked = _asked(recorded)
    people = len(set().union(*(found for found, _ in asked.values())))
    by_path: defaultdict[str, list[str]] = defaultdict(list)
    for address in sorted(asked, key=lambda address: (-len(asked[address][0]), address)):
        found, documents = asked[address]
        if len(found) >= least and len(documents) >= MIN_RECORDED and None not in documents:
            by_path[endpoint(address)].append(address)
    return tuple(
        _scenario(path, {address: asked[address] for address in addresses[:MAX_ADDRESSES]}, people, window)
        for path, addresses in sorted(by_path.items())
    )


_Asked = tuple[set[str], list[str | None]]
"""Who asked, and what each was answered; None = something else than a whole page."""


def _asked(recorded: Iterable[ExchangeRow]) -> dict[str, _Asked]:
    """By address with a query and without ids; answers to people who had changed nothing yet."""
    changed: set[str] = set()
    asked: defaultdict[str, _Asked] = defaultdict(lambda: (set(), []))
    for row in recorded:
        names = {name for name in (row.session, row.session_given) if name}
        if row.method not in _SAFE or names & changed:
            changed |= names
        elif names and "?" in row.path and "{id}" not in endpoint(row.path) and "<" not in row.path and _is_page(row):
            people, documents = asked[row.path]
            people.add(row.session or row.session_given or "")
            documents.append(whole_page(row))
    return asked


def _is_page(row: ExchangeRow) -> bool:
    return row.method == "GET" and row.resource_type in (None, "document") and "json" not in (row.response_type or "")


def _scenario(path: str, asked: dict[str, _Asked], people: int, window: tuple[datetime, datetime]) -> TestScenario:
    digest = sha256(repr(sorted(asked)).encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return TestScenario(
        id=PREFIX + digest,
        title=f"{path} by its address",
        priority=FindingPriority.MEDIUM,
        independent=False,
        steps=tuple(_steps(path, asked)),
        provenance=Provenance(
            finding_id=f"pages-{digest}",
            finding=f"{path} as {len(asked)} recorded addresses show it",
            occurrences=len(set().union(*(found for found, _ in asked.values()))),
            sample_size=people,
            window_from=window[0],
            window_to=window[1],
        ),
    )


def _steps(path: str, asked: dict[str, _Asked]) -> Iterator[UiStep]:
    for address, (_, documents) in asked.items():
        there = Expectation(kind="url-path-is", value=path, because="the recorded page")
        facts = in_common([html for html in documents if html], MAX_TEST_IDS)
        yield UiStep(action="goto", value=address, expectations=(there, *facts.expectations))
