"""The mutation-testing-report schema, which Stryker (JS, .NET, 4s), Infection and others write; and old Stryker.NET.

Thresholds are only for display. Reports before schema 1 have BuildError and Skipped for CompileError and Ignored.
Stryker.NET before 0.15 wrote totals and a tree; its totals are read.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict
from pydantic.alias_generators import to_pascal

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat
from ..mutants import METRICS, Mutants, Verdict
from ..shapes import Count, Listed, Shape, dict_at, first_of, shaped

_WHAT = "mutation report"
_VERDICTS = {
    "Killed": Verdict.DETECTED,
    "Timeout": Verdict.DETECTED,
    "Survived": Verdict.UNDETECTED,
    "NoCoverage": Verdict.UNDETECTED,
    "CompileError": Verdict.INVALID,
    "RuntimeError": Verdict.INVALID,
    "Ignored": Verdict.INVALID,
    "BuildError": Verdict.INVALID,
    "Skipped": Verdict.INVALID,
    # Stryker's own score leaves it out too; incremental reports may have some.
    "Pending": Verdict.INVALID,
}


class _Mutant(Shape):
    status: str
    mutator_name: Any = None
    description: Any = None
    replacement: Any = None
    location: Any = None


def _listed(value: object) -> object:
    return list(value.values()) if isinstance(value, dict) else value


class _File(Shape):
    mutants: Annotated[Listed[_Mutant], BeforeValidator(_listed)]
    """Some programs that join reports write them by id."""


class _Report(Shape):
    files: dict[str, _File]
    framework: Any = None


class _OldTotals(Shape):
    model_config = ConfigDict(alias_generator=to_pascal)

    killed_mutants: Count
    survived_mutants: Count
    timeout_mutants: Count
    skipped_mutants: Count = 0
    compile_errors: Count = 0


class Stryker(JsonFormat):
    """Mutation report -> mutation."""

    name = "stryker-json"
    produces: tuple[str, ...] = (SignalKind.MUTATION.value,)
    about = About(
        title="Mutation testing report (Stryker)",
        producers="StrykerJS, Stryker.NET, Stryker4s, Infection, Mutant, cargo-mutants converters",
        versions="mutation-testing-report schema 1 and 2; Stryker.NET before 0.15",
        recognised_by="`files` whose first has `mutants`; or `totals` with `KilledMutants`",
        fields="each mutant's status, mutatorName, location; or `totals` of old Stryker.NET",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export='stryker run with "reporters": ["json"]; dotnet stryker --reporter json; infection --logger-json',
    )

    def recognises(self, head: Head) -> bool:
        """By the first file, or by the totals."""
        first = first_of(dict_at(head.json, "files"))
        return "mutants" in dict_at(first) or "KilledMutants" in dict_at(head.json, "totals")

    def read(self, document: Any) -> Parsed:
        """Count the mutants."""
        mutants = Mutants("stryker", _VERDICTS)
        if "files" not in document:
            totals = shaped(_OldTotals, document.get("totals"), _WHAT)
            mutants.add("Killed", count=totals.killed_mutants)
            mutants.add("Timeout", count=totals.timeout_mutants)
            mutants.add("Survived", count=totals.survived_mutants)
            mutants.add("Ignored", count=totals.skipped_mutants + totals.compile_errors)
            return mutants.parsed()
        report = shaped(_Report, document, _WHAT)
        for path, file in report.files.items():
            for mutant in file.mutants:
                if mutants.add(mutant.status) is Verdict.UNDETECTED:
                    change = f": {mutant.replacement}" if mutant.replacement is not None else ""
                    message = mutant.description or f"{mutant.status}{change}"
                    line = dict_at(mutant.location, "start").get("line")
                    mutants.survived(mutant.mutator_name, message, path, line)
        return mutants.parsed(version=dict_at(report.framework).get("version"))
