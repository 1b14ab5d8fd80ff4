"""JSON: the report as it is, every value with its origin; for other programs."""

from ..core.records.report import Report


class Json:
    """One JSON document on one line, keys in camelCase."""

    name = "json"
    extension = "json"
    binary = False

    def render(self, report: Report) -> bytes:
        """The report, byte for byte what a memory key would hold."""
        return report.to_json().encode()
