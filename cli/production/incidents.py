"""`aqe production analyze-incidents`: where the time went, what was different, what the figures hide."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, with_runtime
from ..params import DAYS
from ..text import cleaned, counted, duration_text, percent, table, time_text, value_text
from .common import performed

if TYPE_CHECKING:
    from ...core.records.production.incident_analysis import IncidentAnalysis, IncidentFinding

MAX_ANOMALIES = 3
"""Ids named of an incident's; --json has all."""
MAX_HOPS = 6
"""Shown of an incident's traces; --json has more."""


@click.command("analyze-incidents")
@click.option("--days", type=DAYS, default=7.0, show_default=True, help="Window back from now.")
@click.option("--incident-id", metavar="ID", help="Only this one, of any time; its id or number.")
@click.option("--alerts", is_flag=True, help="Analyse alerts too, not only incidents.")
@output_options
@click.pass_context
def analyze_incidents(ctx: click.Context, as_json: bool, days: float, incident_id: str | None, alerts: bool) -> None:
    """Imported incidents with what else was recorded at the time: traces, metrics, logs, deployments.

    Names the hop that the time went into, what a time-out hides, what was different before, and the services in which
    it may have begun. Nothing is named without a record; what was not recorded is not measured.

    \b
    Exit codes: 0 done, 1 no such incident, or none was ever imported.
    Examples: aqe production analyze-incidents --days 7
              aqe production analyze-incidents --incident-id INC-2024-1234 --json
    """
    from ...core.records.production.incident_analysis import IncidentAnalysis

    payload = {"days": days, "incident": incident_id, "alerts": alerts or None}
    result = with_runtime(ctx, lambda parts: performed(parts, "incident-analysis", payload))
    if as_json:
        print_json(result)
    else:
        echo(analysis_text(IncidentAnalysis.from_value(result, where="result of the analysis")))


def analysis_text(found: "IncidentAnalysis") -> str:
    """Every incident, newest first."""
    found = cleaned(found)
    lines = [f"{counted(len(found.incidents), 'incident')} analysed"]
    if not (found.incidents or found.alerts_left_out):
        lines.append("no incident began in this window; --days looks further back")
    if found.alerts_left_out:
        lines.append(f"left out: {counted(found.alerts_left_out, 'alert')}; with --alerts they are analysed")
    if found.not_analysed:
        lines.append(f"{found.not_analysed} older ones were too many for one run; --incident-id takes one")
    for incident in found.incidents:
        lines += ["", *_incident(incident)]
    return "\n".join(lines)


def _incident(found: "IncidentFinding") -> Iterator[str]:
    ended = "not over" if found.duration_s is None else duration_text(found.duration_s)
    users = "users not known" if found.affected_users is None else counted(found.affected_users, "user")
    yield f"{found.incident}  {found.title}"
    yield f"  {found.severity} ({found.severity_because}), {time_text(found.started_at)}, {ended}, {users}"
    yield from _traces(found)
    for masking in found.masking:
        yield f"  hidden: {masking.words}"
    yield f"  Little's law: {getattr(found.little, 'words', None) or f'not measured, {_reason(found.little)}'}"
    if found.reported:
        yield f"  reported by its source: {', '.join(found.reported)}"
    for factor in found.factors:
        yield f"  {factor.kind.replace('_', ' ').lower()}: {factor.what}"
    if not found.factors:
        yield "  nothing recorded was different before it"
    if found.root_services:
        yield "  services that left what was usual for them most, in standard deviations (sd):"
    for number, service in enumerate(found.root_services, start=1):
        yield f"    suspect {number}: {service.service} ({'; '.join(service.signs)})"
    if found.anomalies:
        more = len(found.anomalies) - MAX_ANOMALIES
        named = ", ".join(found.anomalies[:MAX_ANOMALIES]) + (f" and {more} more" if more > 0 else "")
        told = counted(len(found.anomalies), "anomaly", "anomalies")
        yield f"  {told} at the time, which `aqe production detect-anomalies` tells: {named}"


def _traces(found: "IncidentFinding") -> Iterator[str]:
    from ...core.records.evidence import NotMeasured

    traces = found.traces
    if isinstance(traces, NotMeasured):
        yield f"  traces: not measured, {traces.reason}"
        return
    yield f"  failing hop: {traces.failing.service}: {traces.because}"
    rows = [
        (
            hop.service,
            value_text(hop.self_ms),
            "-" if hop.self_before_ms is None else value_text(hop.self_before_ms),
            percent(hop.share),
            f"{hop.errors_begin_here} of {hop.errors}",
        )
        for hop in traces.hops[:MAX_HOPS]
    ]
    headers = ("SERVICE", "SELF MS", "BEFORE", "SHARE", "ERRORS BEGIN")
    yield table(headers, rows, indent=4)
    odd = {
        "spans without their parent": traces.orphans,
        "circles cut": traces.circles,
        "spans moved by clock skew": traces.skewed,
        "spans without an end": traces.unmeasured,
    }
    told = ", ".join(f"{count} {what}" for what, count in odd.items() if count)
    if told or traces.truncated:
        yield f"    {told}{', ' * bool(told and traces.truncated)}{'not all spans were looked at' * traces.truncated}"


def _reason(value: object) -> str:
    return str(getattr(value, "reason", ""))
