"""cosmic-ray's dump: a line `[job, result]` a mutant; the result is null while it waits.

An incompetent mutant broke the tests before they could judge (it could not be imported, say): it is left out, although
cosmic-ray itself counts it as killed.
"""

from typing import IO, Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import EMPTY_FILE, clean
from ..lines import JsonRecords
from ..mutants import METRICS, Mutants, Verdict
from ..shapes import Listed, SnakeShape, dict_at, first_of, shaped

_WHAT = "cosmic-ray"
_VERDICTS = {
    "killed": Verdict.DETECTED,
    "survived": Verdict.UNDETECTED,
    "incompetent": Verdict.INVALID,
    # No verdict of the tests, but of the worker.
    "exception": Verdict.INVALID,
    "abnormal": Verdict.INVALID,
    "no-test": Verdict.UNDETECTED,
    "skipped": Verdict.INVALID,
    "pending": Verdict.PENDING,
}


class _Job(SnakeShape):
    mutations: Listed[Any]


class _Result(SnakeShape):
    worker_outcome: str
    test_outcome: str | None = None


class CosmicRay:
    """cosmic-ray dump -> mutation."""

    name = "cosmic-ray-dump"
    produces: tuple[str, ...] = (SignalKind.MUTATION.value,)
    about = About(
        title="cosmic-ray dump",
        producers="cosmic-ray",
        versions="cosmic-ray 5 and later",
        recognised_by="first line `[{job_id, mutations, ...}, result]`",
        fields="`test_outcome`, `worker_outcome`; module, operator and place of each mutation",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="cosmic-ray dump session.sqlite > dump.jsonl",
    )

    def recognises(self, head: Head) -> bool:
        """By the first line."""
        return isinstance(head.json, list) and {"job_id", "mutations"} <= dict_at(first_of(head.json)).keys()

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Count line by line."""
        records = JsonRecords(stream, _WHAT)
        mutants = Mutants("cosmic-ray", _VERDICTS)
        for record in records:
            if not isinstance(record, list) or len(record) != 2:
                raise InputError(f"{_WHAT}: a line is {clean(record, 40)!r}, expected [job, result]")
            _add(mutants, shaped(_Job, record[0], _WHAT), record[1])
        if records.cut_short:
            return Parsed(Outcome.TOOL_FAILED, reason=records.cut_short)
        return mutants.parsed() if mutants.counts else EMPTY_FILE


def _add(mutants: Mutants, job: _Job, result: object) -> None:
    if result is None:
        mutants.add("pending")
        return
    said = shaped(_Result, result, _WHAT)
    verdict = mutants.add(said.test_outcome or said.worker_outcome)
    if verdict is Verdict.UNDETECTED:
        mutation = dict_at(first_of(job.mutations))
        mutants.survived(
            mutation.get("operator_name"), mutation.get("definition_name"), mutation.get("module_path"),
            first_of(mutation.get("start_pos")),
        )  # fmt: skip
