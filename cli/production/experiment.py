"""`aqe production ab-test-impact`: what a variant did, valid however often one looks."""

from typing import TYPE_CHECKING

import click

from ..common import echo, output_options, print_json, with_runtime
from ..params import DAYS, Number
from ..text import amount, cleaned, counted, room, table
from .common import insight_lines, performed

if TYPE_CHECKING:
    from ...core.records.production.experiment import ExperimentImpact, MetricEffect

METRICS = ("conversion", "revenue", "errors", "loading", "lcp", "inp")

WIDE = 110
"""Columns that the whole table takes."""


@click.command("ab-test-impact")
@click.option("--experiment", required=True, metavar="NAME", help="As the imported rows name it.")
@click.option("--metric", type=click.Choice(METRICS), help="Only this one (default: all that were measured).")
@click.option("--goal", metavar="EVENT", help="Event, page or page group that counts as conversion (default: revenue).")
@click.option("--control", metavar="VARIANT", help="What the others are compared with (default: control, a, off ...).")
@click.option(
    "--split",
    type=Number(0, 100, above=True, below=True),
    metavar="PERCENT",
    help="Of the traffic, planned for each variant (default: all alike).",
)
@click.option("--days", type=DAYS, default=90.0, show_default=True, help="Window back from now.")
@output_options
@click.pass_context
def ab_test_impact(
    ctx: click.Context, as_json: bool, experiment: str, metric: str | None, goal: str | None, control: str | None,
    split: float | None, days: float,
) -> None:  # fmt: skip
    """What each variant of an experiment did against the control.

    May be asked every day: the chance of ever calling a variant different that is not stays at 5 % over all looks,
    metrics and variants. Where the arms are not as large as planned, no effect is told.

    \b
    Exit codes: 0 done, 1 nobody was in the experiment.
    Example: aqe production ab-test-impact --experiment checkout-v2 --goal purchase
    """
    from ...core.records.production.experiment import ExperimentImpact

    payload = {
        "experiment": experiment, "metric": metric, "goal": goal, "control": control, "splitPercent": split,
        "days": days,
    }  # fmt: skip
    result = with_runtime(ctx, lambda parts: performed(parts, "ab-test-impact", payload))
    if as_json:
        print_json(result)
    else:
        echo(impact_text(ExperimentImpact.from_value(result, where="result of the analysis")))


def impact_text(found: "ExperimentImpact") -> str:
    """Arms, effects, and what was not measured."""
    from ...core.records.production.experiment import MetricEffect

    found = cleaned(found)
    sizes = ", ".join(f"{arm.variant} {arm.units}" for arm in found.arms)
    lines = [f"{found.experiment}, {found.window_from:%Y-%m-%d} to {found.window_to:%Y-%m-%d}: {sizes}"]
    if found.in_several_arms:
        lines.append(f"{found.in_several_arms} seen in several arms are left out")
    if found.left_out:
        lines.append(f"{found.left_out} more units were too many to hold and are left out")
    if not found.split_holds:
        p, level = p_words(found.split_p_value, found.split_alpha)
        lines.append(f"the arms are not as large as planned (p {p}, level {level}): no effect is told")
    measured = [effect for effect in found.effects if isinstance(effect, MetricEffect)]
    if measured:
        lines += ["", _table(measured), "", _level_words(found)]
    missing = [f"not measured: {e.reason}" for e in found.effects if not isinstance(e, MetricEffect)]
    return "\n".join([*lines, *([""] if missing else []), *missing, *insight_lines(found.insights)])


def _table(measured: "list[MetricEffect]") -> str:
    """A comparison a row; a narrow terminal leaves out what is the same in all of them and is said elsewhere."""
    left_out = set()
    if (room() or WIDE) < WIDE:
        left_out |= {"VARIANT"} if len({effect.variant for effect in measured}) == 1 else set()
        left_out |= {"LEVEL"} if len({effect.alpha for effect in measured}) == 1 else set()
    rows = [{name: cell for name, cell in _cells(effect).items() if name not in left_out} for effect in measured]
    return table(list(rows[0]), [list(row.values()) for row in rows])


def _cells(effect: "MetricEffect") -> dict[str, object]:
    low = "?" if effect.low is None else f"{100 * effect.low:+.1f}"
    high = "?" if effect.high is None else f"{100 * effect.high:+.1f} %"
    p_value, level = p_words(effect.p_value, effect.alpha)
    return {
        "VARIANT": effect.variant,
        "METRIC": effect.metric,
        "CONTROL": amount(effect.control.value, effect.unit),
        "WITH IT": amount(effect.treatment.value, effect.unit),
        "EFFECT": "-" if effect.effect is None else f"{100 * effect.effect:+.1f} %",
        "INTERVAL": f"{low} to {high}",
        "P": p_value,
        "LEVEL": level,
        "VERDICT": effect.verdict.replace("_", " "),
    }


def p_words(p_value: float, level: float) -> tuple[str, str]:
    """Both in as many digits, from two on, as it takes to see which is the smaller."""
    for digits in range(2, 17):
        said = f"{p_value:.{digits}g}", f"{level:.{digits}g}"
        if p_value == level or float(said[0]) != float(said[1]):
            break
    return said


def _level_words(found: "ExperimentImpact") -> str:
    if not found.comparisons:
        return "A difference is told where P is at most LEVEL."
    level = found.alpha / found.comparisons
    how = f"{found.correction}, {counted(found.comparisons, 'comparison')}"
    each = f"{found.alpha:g}/{found.comparisons} = {level:.2g} ({how})"
    return (
        f"A difference is told where P is at most LEVEL: {each}, so that {100 * found.alpha:g} % is the chance of ever"
        " being wrong in any of them."
    )
