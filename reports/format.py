"""What a report format is."""

from typing import Protocol

from ..core.records.report import Report


class Format(Protocol):
    """One way to write a report; stateless."""

    @property
    def name(self) -> str:
        """As `--format` has it."""
        ...

    @property
    def extension(self) -> str:
        """Of a file, without the dot."""
        ...

    @property
    def binary(self) -> bool:
        """True when it is nothing for a terminal."""
        ...

    def render(self, report: Report) -> bytes:
        """The report, whole; the same report gives the same bytes.

        Raises:
            InputError: something this format needs is not installed.
        """
        ...
