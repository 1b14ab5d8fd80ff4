"""Base of the formats that tell of incidents and alerts."""

from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.records.bulk.incidents import Incident
from ....core.records.signals import Outcome
from ..json_stream import Way
from ..pages import PagesFormat, Reading


class IncidentPages(PagesFormat):
    """Several states of one incident (webhooks, pages that overlap) become one record, the later state on top."""

    one: ClassVar[str] = "incident"
    empty: ClassVar[Outcome] = Outcome.CLEAN

    def incidents(self, way: Way | None, value: Any, reading: Reading) -> Iterable[Incident]:
        """Incidents of an item, or with `way` None of a document beside its arrays.

        Raises:
            Unusable: it is of another format, or has no id or time.
        """
        raise NotImplementedError

    def start(self, reading: Reading) -> None:
        """Nothing is known yet."""
        reading.memory = {}

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[Any]:
        """Kept until the end: a later page may tell more."""
        self._remember(self.incidents(way, item, reading), reading)
        return ()

    def document(self, document: Any, reading: Reading) -> Iterable[Any]:
        """The same for what stands beside the arrays."""
        self._remember(self.incidents(None, document, reading), reading)
        return ()

    def end(self, reading: Reading) -> Iterable[Any]:
        """Every incident once."""
        known: dict[str, Incident] = reading.memory
        return known.values()

    def _remember(self, incidents: Iterable[Incident], reading: Reading) -> None:
        known: dict[str, Incident] = reading.memory
        for incident in incidents:
            earlier = known.get(incident.id)
            known[incident.id] = incident if earlier is None else incident.after(earlier)
