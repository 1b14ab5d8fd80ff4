"""Past deployments and what came of them, as a table or as JSON: how a project brings its history along.

Platforms know whether the steps of a deployment ran, not whether the release was good; what came of it is kept by
people, in a sheet or another program. The columns are those of `aqe deploy record-outcome`, and what
`aqe deploy history --format json` prints can be read, too. A row that cannot be read makes the whole file unreadable:
it may be the one that failed.
"""

import re
from collections.abc import Iterable, Mapping
from typing import IO, Any, ClassVar

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.rows import DEPLOYMENTS
from ....core.records.decisions.history import DeploymentOutcome
from ....core.records.release import VERSION
from ....core.records.signals import Outcome
from ..csv_rows import DELIMITERS, csv_rows
from ..documents import EMPTY_FILE, clean
from ..json_stream import Way
from ..pages import MAX_RECORDS, PagesFormat, Reading
from ..shapes import dict_at, first_of
from ..values import clock, number, text

_WHAT = "deployment history"
_NEEDED = frozenset({"version", "deployedat", "outcome"})
_OUTCOMES: dict[str, str] = {
    "success": "success", "successful": "success", "succeeded": "success",
    "failed": "failed", "failure": "failed",
    "rolledback": "rolled_back", "rollback": "rolled_back",
}  # fmt: skip
_VERSION = re.compile(VERSION)
_FIELDS = (
    "version, deployed_at, outcome (success, failed, rolled_back); commit, service, environment, known_at, "
    "restored_at, rollback_s, incidents"
)
_PRODUCERS = "a spreadsheet, a script over a tracker, aqe deploy history"


class DeploymentHistoryCsv:
    """A table of past deployments -> outcomes in the history."""

    name = "deployment-history-csv"
    produces: tuple[str, ...] = (DEPLOYMENTS,)
    about = About(
        title="Past deployments and their outcomes, CSV",
        producers=_PRODUCERS,
        versions="with a header; separated by comma, semicolon, tab or bar; names in any case, with `_` or blanks",
        recognised_by="a header with `version`, `deployed_at` and `outcome`",
        fields=_FIELDS,
        sample=Sample.CONSTRUCTED,
        how_to_export="save the sheet as CSV with the columns version, deployed_at, outcome",
    )

    def recognises(self, head: Head) -> bool:
        """By the header."""
        return {_squeezed(name) for name in re.split(f"[{DELIMITERS}]", head.first_line)} >= _NEEDED

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read each row."""
        rows = csv_rows(stream, _WHAT)
        header = next(rows, None)
        if header is None:
            return EMPTY_FILE
        names = [_squeezed(name) for name in header]
        if missing := _NEEDED.difference(names):
            raise InputError(f"{_WHAT}: no column {', '.join(sorted(missing))} in {clean(','.join(header), 80)!r}")
        found = []
        for at, row in enumerate(rows, start=2):
            if any(cell.strip() for cell in row):
                found.append(_outcome(dict(zip(names, row, strict=False)), f"row {at}"))
            if len(found) > MAX_RECORDS:
                raise InputError(f"{_WHAT}: more than {MAX_RECORDS} deployments")
        if not found:
            return Parsed(Outcome.NOT_MEASURED, reason="the table has a header and no deployment")
        return Parsed(Outcome.VALUE, records=tuple(found))


class DeploymentHistoryJson(PagesFormat):
    """Past deployments in JSON -> outcomes in the history."""

    name = "deployment-history-json"
    produces: tuple[str, ...] = (DEPLOYMENTS,)
    about = About(
        title="Past deployments and their outcomes, JSON",
        producers=_PRODUCERS,
        versions="a list, one object a line, or a list `deployments`; names in camelCase or snake_case",
        recognised_by="objects with `version`, `deployedAt` (`deployed_at`) and `outcome`",
        fields=_FIELDS,
        sample=Sample.CONSTRUCTED,
        how_to_export="aqe deploy history --format json > history.json, or one object a line by a script",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("deployments",))
    one: ClassVar[str] = "deployment"

    def recognises(self, head: Head) -> bool:
        """By the first deployment."""
        items = head.json if isinstance(head.json, list) else dict_at(head.json).get("deployments")
        return any(_names(one).keys() >= _NEEDED for one in (dict_at(first_of(items)), dict_at(head.json)))

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[DeploymentOutcome]:
        """One deployment."""
        return (_outcome(_names(dict_at(item)), f"deployment {reading.used + 1}"),)

    def document(self, document: Any, reading: Reading) -> Iterable[DeploymentOutcome]:
        """A line is a deployment; a list is done."""
        if isinstance(document, list) or isinstance(dict_at(document).get("deployments"), list):
            return ()
        found = self.item((), document, reading)
        reading.used += 1
        return found

    def end(self, reading: Reading) -> Iterable[DeploymentOutcome]:
        """Every deployment counts, also one that is half a line."""
        if reading.unusable:
            raise InputError(f"{_WHAT}: {reading.unusable} deployments cannot be read: {reading.first_unusable}")
        return ()


def _squeezed(name: str) -> str:
    """`Deployed at`, `deployed_at` and `deployedAt` are one name."""
    return re.sub(r"[\s_\"-]", "", name).lower()


def _names(item: Mapping[str, Any]) -> dict[str, Any]:
    return {_squeezed(name): value for name, value in item.items()}


def _outcome(told: Mapping[str, Any], where: str) -> DeploymentOutcome:
    version, outcome = text(told.get("version")), text(told.get("outcome"))
    if version is None or not _VERSION.match(version):
        raise _wrong(where, "version", told, "a version such as v1.4.0")
    word = _OUTCOMES.get(_squeezed(outcome or ""))
    if word is None:
        raise _wrong(where, "outcome", told, "success, failed or rolled_back")
    given: dict[str, Any] = {"version": version, "outcome": word}
    given |= {name: said for name in ("commit", "service", "environment") if (said := text(told.get(name)))}
    for name in ("deployed_at", "known_at", "restored_at"):
        given[name] = _read(told, name, clock, where, "a time such as 2026-01-10T12:00:00Z")
    if given["deployed_at"] is None:
        raise _wrong(where, "deployed_at", told, "a time such as 2026-01-10T12:00:00Z")
    given["rollback_s"] = _read(told, "rollback_s", number, where, "seconds")
    incidents = _read(told, "incidents", number, where, "a whole number")
    given["incidents"] = int(incidents or 0)
    if min(given["incidents"], given["rollback_s"] or 0) < 0 or incidents not in (None, given["incidents"]):
        raise InputError(f"{_WHAT}: {where}: incidents and rollback_s cannot be less than 0, nor incidents a fraction")
    return DeploymentOutcome(**given)


def _read(told: Mapping[str, Any], name: str, how: Any, where: str, expected: str) -> Any:
    """A value that may be missing, but not be another thing."""
    said = told.get(_squeezed(name))
    found = None if said in (None, "") else how(said)
    if found is None and said not in (None, ""):
        raise _wrong(where, name, told, expected)
    return found


def _wrong(where: str, name: str, told: Mapping[str, Any], expected: str) -> InputError:
    said = told.get(_squeezed(name))
    return InputError(f"{_WHAT}: {where}: {name} is {clean(said, 60)!r}, expected {expected}")
