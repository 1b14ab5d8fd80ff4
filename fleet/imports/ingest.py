"""Import: files of tools into signals and datasets.

Each file is recognised, parsed, redacted and stored on its own: a broken one fails alone. A signal, its mirror, the
release's record and the `signal:imported` event are one transaction, repeated when somebody else wrote in between.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import IO

from ...analysis.redaction.redactor import Redactor
from ...bus.events import Event, SignalImported
from ...connectors.formats.table import IMPORTERS, UnknownFormat, recognise
from ...core.errors import AqeError, ConflictError, InputError
from ...core.importing import HEAD_BYTES, Head, Importer, Parsed
from ...core.records.base import Record
from ...core.records.bulk.logs import WITHOUT_YEAR, AccessRow, LogRow, in_latest_year
from ...core.records.bulk.rows import Row
from ...core.records.release import Release
from ...core.records.signals import Outcome, Signal, SignalKind, SignalPart
from ...core.registry import by_name
from ...core.signals import add_part, without_part
from ..retention import prune_datasets
from ..runtime import Runtime
from .clocks import Clocks
from .experiments import ExperimentColumn
from .import_paths import Input
from .ingest_production import note_datasets, store_records
from .redact_rows import redact_record, redact_row
from .redaction import make_redactor, note_unredacted
from .traffic import TrafficSummary
from .unpacking import Content, Unpacked, contents

CONFLICT_TRIES = 20


class FileReport(Record):
    """What came of one file, or of one content of an archive."""

    file: str
    format: str | None
    outcome: Outcome
    reason: str | None = None
    skipped: bool = False
    """It lay in a folder or an archive, and nothing reads it."""
    signals: tuple[str, ...] = ()
    """Kinds of the signals it contributed to."""
    rows: int = 0
    records: int = 0
    """Incidents, recorded flows."""
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """True when nothing of the file can be used."""
        return self.outcome is Outcome.UNREADABLE and not self.skipped


class ImportReport(Record):
    """What came of an import."""

    release: Release | None
    release_from: str | None
    """Where the version came from when it was not given."""
    files: tuple[FileReport, ...]
    still_missing: tuple[str, ...] = ()
    """Gates that have no evidence yet, with what would give it."""


@dataclass
class Ingest:
    """Imports files into one fleet.

    Args:
        runtime: the open parts.
        release: what the files are about; None = only bulk data can be imported.
        as_format: name of an importer, instead of recognising.
        experiment: puts the variant of an experiment into rows.
        progress: called with each file and how many of its bytes have been read, every 256 KiB.
        dry_run: read and report, store nothing.
    """

    runtime: Runtime
    release: Release | None
    as_format: str | None = None
    experiment: ExperimentColumn | None = None
    progress: Callable[[str, int], None] = lambda name, size: None
    dry_run: bool = False

    @cached_property
    def _redactor(self) -> Redactor | None:
        return make_redactor(self.runtime.settings)

    async def files(self, paths: Iterable[Path]) -> list[FileReport]:
        """Import each; an unreadable one is reported and the others go on."""
        return await self.inputs(Input(path) for path in paths)

    async def inputs(self, inputs: Iterable[Input]) -> list[FileReport]:
        """Import each, unpacked; an unreadable one is reported and the others go on."""
        reports = []
        for one in inputs:
            try:
                with _opened(one) as stream:
                    for unpacked in contents(stream, one.name, partial(self.progress, one.name)):
                        reports.append(await self._content(unpacked, one))
            except OSError as error:
                reports.append(_unreadable(one.name, InputError(f"{one.name}: {error.strerror or error}")))
        return reports

    async def _content(self, unpacked: Unpacked, given: Input) -> FileReport:
        try:
            if isinstance(unpacked.content, InputError):
                raise unpacked.content
            name = self._name(given.path) if given.path else given.name
            return await self._read(unpacked.content, unpacked.name, name + unpacked.name.removeprefix(given.name))
        except UnknownFormat as error:
            report = _unreadable(unpacked.name, error)
            if not given.found and not unpacked.archived:
                return report
            return report.model_copy(update={"skipped": True, "reason": error.message})
        except InputError as error:
            return _unreadable(unpacked.name, error)

    async def _read(self, content: Content, shown: str, name: str) -> FileReport:
        """One content, `shown` to people and known as `name` in evidence."""
        importer = self._importer(content, shown)
        parsed = importer.parse(content)
        clocks = Clocks(self.runtime.clock.now())
        rows, extra = await self._store_rows(parsed, name, content.sha256, clocks)
        digest = content.sha256()  # reads the rest: of a damaged file nothing is stored
        records = await self._store_records(parsed)
        if not self.dry_run:
            await note_unredacted(self.runtime, name, rows + records)
        kinds = await self._store_signals(importer, parsed, name, digest, extra=extra)
        experiment = self.experiment.notes() if self.experiment else ()
        return FileReport(
            file=shown,
            format=importer.name,
            outcome=parsed.outcome,
            reason=parsed.reason,
            signals=kinds,
            rows=rows,
            records=records,
            notes=(*parsed.notes, *getattr(parsed.rows, "notes", ()), *clocks.notes(), *experiment),
        )

    def _importer(self, content: Content, shown: str) -> Importer:
        if self.as_format is not None:
            return by_name(IMPORTERS, self.as_format, "format")
        data = content.head(HEAD_BYTES)
        return recognise(Head(shown, data, whole=len(data) < HEAD_BYTES))

    def _name(self, path: Path) -> str:
        # Relative to the project, where it lies in it: `unit/junit.xml` and `e2e/junit.xml` are two parts, and the same
        # file is the same part on another machine.
        root = self.runtime.settings.project_root.resolve()
        whole = path.resolve()
        return str(whole.relative_to(root)) if whole.is_relative_to(root) else str(whole)

    # Bulk rows -------------------------------------------------------------------------------------------------------

    async def _store_rows(
        self, parsed: Parsed, name: str, digest: Callable[[], str], clocks: Clocks
    ) -> tuple[int, tuple[tuple[SignalKind, SignalPart], ...]]:
        if parsed.rows is None:
            return 0, ()
        summary = TrafficSummary()
        rows = self._redacted(parsed.rows, summary, clocks)
        if self.dry_run:
            return sum(1 for _ in rows), summary.signals()
        now = self.runtime.clock.now()
        references = self.runtime.datasets.write(rows, source=name, digest=digest, release=self.release, now=now)
        await note_datasets(self.runtime, references)
        prune_datasets(self.runtime, now)
        return sum(reference.rows for reference in references), summary.signals()

    def _redacted(self, rows: Iterator[Row], summary: TrafficSummary, clocks: Clocks) -> Iterator[Row]:
        redactor, now = self._redactor, clocks.now
        for row in rows:
            if isinstance(row, AccessRow):
                summary.add(row)
            elif isinstance(row, LogRow) and row.at.year == WITHOUT_YEAR:
                row = row._replace(at=in_latest_year(row.at, now))
            clocks.look(row.at)
            row = redact_row(row, redactor) if redactor else row
            # After redaction: whatever column is named, nothing that was taken out comes in by it.
            yield self.experiment.added(row) if self.experiment else row

    async def _store_records(self, parsed: Parsed) -> int:
        redactor = self._redactor
        records = [redact_record(record, redactor) if redactor else record for record in parsed.records]
        if not self.dry_run:
            await store_records(self.runtime, records)
        return len(records)

    # Signals ---------------------------------------------------------------------------------------------------------

    async def _store_signals(
        self,
        importer: Importer,
        parsed: Parsed,
        name: str,
        digest: str,
        *,
        extra: tuple[tuple[SignalKind, SignalPart], ...],
    ) -> tuple[str, ...]:
        parts = dict(parsed.signals) | dict(extra)
        if not parts and parsed.outcome in (Outcome.TOOL_FAILED, Outcome.NOT_MEASURED):
            parts = {
                SignalKind(kind): SignalPart(tool=importer.name, outcome=parsed.outcome, reason=parsed.reason)
                for kind in importer.produces
                if kind in set(SignalKind)
            }
        if not parts:
            return ()
        if self.release is None:
            if parsed.rows is not None or parsed.records:
                return ()  # logs are of use without a release; their figures are not
            raise InputError(
                f"{name}: which release is it about?", hint="give --release VERSION, or run inside a git clone"
            )
        if self.dry_run:
            return tuple(sorted(parts))
        part_name = f"{importer.name}:{name}"
        for kind, part in parts.items():
            named = self._redacted_part(part).model_copy(update={"file": name, "sha256": digest})
            await put_part(self.runtime, self.release, kind, part_name, named)
        for kind in {SignalKind(kind) for kind in importer.produces if kind in set(SignalKind)} - set(parts):
            await drop_part(self.runtime, self.release, kind, part_name)
        return tuple(sorted(parts))

    def _redacted_part(self, part: SignalPart) -> SignalPart:
        """What tools found they quote, secrets and all."""
        redactor = self._redactor
        if redactor is None:
            return part
        findings = tuple(redact_record(finding, redactor) for finding in part.findings)
        return part.model_copy(update={"findings": findings, "reason": part.reason and redactor.text(part.reason)})


async def put_part(runtime: Runtime, release: Release, kind: SignalKind, name: str, part: SignalPart) -> Signal:
    """Add or replace one part of a release's signal.

    Raises:
        ConflictError: others kept writing the same signal.
    """
    key = f"aqe/releases/{release.version}/signals/{kind}"
    for attempt in range(CONFLICT_TRIES):
        stored = await runtime.memory.retrieve_record(key)
        previous = Signal.from_value(stored.value, where=key) if stored else None
        now = runtime.clock.now()
        signal = add_part(previous, kind, release, name, part, now)
        version = stored.version if stored else 0
        try:
            await _write(runtime, signal, key, version, part, f"{key}:{version}:{name}")
        except ConflictError:
            if attempt == CONFLICT_TRIES - 1:
                raise
            continue
        return signal
    raise AssertionError("unreachable")


async def drop_part(runtime: Runtime, release: Release, kind: SignalKind, name: str) -> None:
    """Take a part out of a signal: its file was imported again and says nothing of this kind any more."""
    key = f"aqe/releases/{release.version}/signals/{kind}"
    stored = await runtime.memory.retrieve_record(key)
    if stored is None or name not in (stored.value.get("parts") or {}):
        return
    signal = Signal.from_value(stored.value, where=key)
    left = without_part(signal, name)
    now = runtime.clock.now()
    if left is None:
        mirror = f"aqe/quality-signals/{kind}"
        mirrored = await runtime.memory.retrieve(mirror) == stored.value
        await runtime.memory.apply([runtime.memory.prepare_delete(k) for k in (key, *([mirror] if mirrored else []))])
        return
    part = SignalPart(tool=signal.parts[name].tool, outcome=Outcome.NOT_MEASURED, reason="no longer in its file")
    await _write(runtime, left, key, stored.version, part, f"{key}:{stored.version}:{name}:{now.isoformat()}")


async def put_signal(runtime: Runtime, signal: Signal, region: str | None = None) -> Signal:
    """Replace a release's signal as a whole (`aqe signal put`).

    Args:
        runtime: the open parts.
        signal: what was measured.
        region: where that was; it is then no signal of the whole release.
    """
    version, kind = signal.release.version, signal.kind
    key = (
        f"aqe/releases/{version}/signals/{kind}" if region is None else f"aqe/region-signals/{version}/{region}/{kind}"
    )
    part = SignalPart(tool=signal.tool, outcome=Outcome.VALUE)
    event_id = f"{key}:{runtime.clock.now().isoformat()}"
    await _write(runtime, signal, key, None, part, event_id, mirrored=region is None)
    return signal


async def _write(
    runtime: Runtime, signal: Signal, key: str, version: int | None, part: SignalPart, event_id: str,
    *, mirrored: bool = True,
) -> None:  # fmt: skip
    memory, release = runtime.memory, signal.release
    now = runtime.clock.now()
    payload = SignalImported(
        kind=signal.kind, version=release.version, commit=release.commit, key=key, tool=part.tool, outcome=part.outcome
    )
    event = Event.of(payload, id=event_id, source="import", time=now, subject=release.version)
    record = release.model_copy(update={"updated_at": now})
    await memory.apply(
        [
            memory.prepare_store(key, signal, expected_version=version),
            *([memory.prepare_store(f"aqe/quality-signals/{signal.kind}", signal)] if mirrored else []),
            memory.prepare_store(f"aqe/releases/{release.version}/release", record),
            runtime.bus.prepare(event),
        ]
    )


def _opened(one: Input) -> AbstractContextManager[IO[bytes]]:
    return nullcontext(sys.stdin.buffer) if one.path is None else one.path.open("rb", buffering=0)


def _unreadable(name: str, error: AqeError) -> FileReport:
    reason = error.message + (f" ({error.hint})" if error.hint else "")
    return FileReport(file=name, format=None, outcome=Outcome.UNREADABLE, reason=reason)
