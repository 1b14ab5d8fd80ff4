"""`aqe signal` and `aqe release`: what was measured, about what."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import output_options, print_json, release_options, say, with_runtime
from .importing import tell_release
from .params import read_json_file
from .text import cleaned, counted, facts, table, time_text, value_text

if TYPE_CHECKING:
    from ..core.records.signals import Signal
    from ..fleet.runtime import Runtime
    from ..fleet.signals import ReleaseView


@click.group()
def signal() -> None:
    """Quality signals: what tools measured about a release, one a kind."""


@signal.command("list")
@click.option("--release", "version", metavar="VERSION", help="Of this release (default: the latest of every kind).")
@output_options
@click.pass_context
def list_(ctx: click.Context, as_json: bool, version: str | None) -> None:
    """Signals of a release, or the latest ones.

    \b
    Example: aqe signal list --release v1.4.0
    """
    from ..fleet.signals import list_signals

    found = with_runtime(ctx, lambda parts: list_signals(parts, version))
    if as_json:
        print_json([stored.signal or {"key": stored.key, "problem": stored.problem} for stored in found])
        return
    rows = [
        (s.signal.kind, s.signal.release.version, s.signal.tool, time_text(s.signal.measured_at), len(s.signal.metrics))
        if s.signal
        else (s.key, "-", "-", "-", s.problem)
        for s in found
    ]
    click.echo(table(("KIND", "RELEASE", "TOOL", "MEASURED", "METRICS"), rows))


@signal.command("show")
@click.argument("kind")
@click.option("--release", "version", metavar="VERSION", help="Of this release (default: the latest).")
@output_options
@click.pass_context
def show(ctx: click.Context, as_json: bool, kind: str, version: str | None) -> None:
    """One signal: its metrics, the files it is made of, what they found.

    \b
    Example: aqe signal show test-coverage --release v1.4.0
    """
    from ..fleet.signals import check_kind, show_signal

    wanted = check_kind(kind)
    found = with_runtime(ctx, lambda parts: show_signal(parts, wanted, version))
    if as_json:
        print_json(found)
    else:
        click.echo(signal_text(found))


@signal.command("put")
@click.argument("kind")
@click.argument("file")
@click.option("--region", metavar="NAME", help="Measured in this region: it counts there, not for the whole release.")
@release_options
@output_options
@click.pass_context
def put(
    ctx: click.Context, /, as_json: bool, kind: str, file: str, region: str | None, **release_flags: str | None
) -> None:
    """Store a signal of a tool that has no importer, in place of what is stored for this release and kind.

    FILE (- for standard input) holds {"metrics": {...}, "tool": "...", "measuredAt": "..."} or a whole signal. Leave
    out what was not measured. `aqe schema export` writes the schema of every kind's metrics.

    \b
    Example: aqe signal put mutation mutation.json --release v1.4.0
    """
    from ..core.errors import InputError
    from ..fleet.signals import check_kind, check_region, find_release, read_signal

    wanted = check_kind(kind)
    region = check_region(region) if region is not None else None
    where, value = read_json_file(file)

    async def work(parts: "Runtime") -> "Signal":
        from ..fleet.imports.ingest import put_signal

        found = None
        if not (isinstance(value, dict) and "release" in value):
            found = await find_release(parts, folder=Path.cwd(), **release_flags)
            tell_release(found)
            if found is None:
                raise InputError(f"{where}: which release is it about?", hint="give --release VERSION")
        elif any(release_flags.values()):
            raise InputError(f"{where} names its release itself", hint="leave out --release, --commit and --env")
        release = found.release if found else None
        signal = read_signal(value, wanted, release, where=where, now=parts.clock.now())
        return await put_signal(parts, signal, region)

    stored = with_runtime(ctx, work)
    if as_json:
        print_json(stored)
    else:
        say(f"stored: {counted(len(stored.metrics), 'metric')} of {stored.kind} for {stored.release.version}")


@click.group()
def release() -> None:
    """Releases known to the fleet."""


@release.command("list")
@output_options
@click.pass_context
def list_releases(ctx: click.Context, as_json: bool) -> None:
    """All releases, last touched first.

    \b
    Example: aqe release list
    """
    from ..fleet.signals import list_releases as all_releases

    found = with_runtime(ctx, all_releases)
    if as_json:
        print_json(found)
        return
    rows = [
        (v.release.version, (v.release.commit or "-")[:12], v.release.environment, len(v.signals), v.decision or "-",
         time_text(v.release.updated_at))
        for v in found
    ]  # fmt: skip
    click.echo(table(("RELEASE", "COMMIT", "ENVIRONMENT", "SIGNALS", "DECISION", "UPDATED"), rows))


@release.command("show")
@click.argument("version")
@output_options
@click.pass_context
def show_release(ctx: click.Context, as_json: bool, version: str) -> None:
    """One release: its commit, its signals, the latest decision.

    \b
    Example: aqe release show v1.4.0
    """
    from ..fleet.signals import list_releases as releases

    (view,) = with_runtime(ctx, lambda parts: releases(parts, version))
    if as_json:
        print_json(view)
    else:
        click.echo(_release_text(view))


def signal_text(signal: "Signal") -> str:
    """A signal for people."""
    signal = cleaned(signal)
    lines = [
        facts(
            [
                ("Kind", signal.kind),
                ("Release", f"{signal.release.version}, commit {signal.release.commit or 'not known'}"),
                ("Tool", signal.tool),
                ("Measured", time_text(signal.measured_at)),
            ]
        ),
        "",
        table(("METRIC", "VALUE"), [(name, value_text(value)) for name, value in signal.metrics.items()])
        if signal.metrics
        else "no metrics",
    ]
    if signal.parts:
        rows = [
            (name, part.outcome, part.reason or counted(len(part.findings), "finding"))
            for name, part in signal.parts.items()
        ]
        lines += ["", table(("PART", "OUTCOME", "DETAIL"), rows)]
    findings = [
        (f.severity, f"{f.file or '-'}:{f.line or '-'}", f.rule, f.message)
        for part in signal.parts.values()
        for f in part.findings
    ]
    if findings:
        lines += ["", table(("SEVERITY", "WHERE", "RULE", "MESSAGE"), findings)]
    return "\n".join(lines)


def _release_text(view: "ReleaseView") -> str:
    view = cleaned(view)
    decision = f"{view.decision}, {time_text(view.assessed_at)}" if view.decision else "not assessed yet"
    return facts(
        [
            ("Release", view.release.version),
            ("Commit", view.release.commit or "not known"),
            ("Environment", view.release.environment),
            ("Service", view.release.service),
            ("Signals", ", ".join(view.signals) or "none"),
            ("Decision", decision),
            ("Updated", time_text(view.release.updated_at)),
        ]
    )
