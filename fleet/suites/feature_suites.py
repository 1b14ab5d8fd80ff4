"""Suites by how much features are used, a folder for each priority: `pytest DIR/critical DIR/high` goes first."""

from collections.abc import Iterator
from pathlib import Path

from ...agents.production_intelligence.features.suites import Placed, suites
from ...core.records.production.features import FeaturePriority, FeatureReport
from ...core.records.production.scenarios import TestScenario
from .browser_setup import write_setup
from .generated_tests import WrittenTest, is_unedited, target_of, write_tests


def write_suites(
    report: FeatureReport, scenarios: list[TestScenario], folder: Path
) -> tuple[list[WrittenTest], list[str]]:
    """Write each scenario into the folder of its feature's priority.

    Where a feature has another priority than at the last time, its unedited file moves; an edited one stays, and the
    scenario is not written a second time: pytest wants one file of a name.

    Returns:
        What became of each file; and what there is to say besides, a line each.
    """
    written: list[WrittenTest] = []
    told: list[str] = []
    placed = suites(report, scenarios)
    for priority in FeaturePriority:
        here = folder / priority.lower()
        ours = [one.scenario for one in placed if one.priority is priority]
        edited = {one.id: file for one in ours for file in _elsewhere(here, one) if not is_unedited(file)}
        for file in edited.values():
            told.append(f"kept {file}, which was edited; its feature is {priority} by now: move it to {here}")
        tests = _suite([one for one in ours if one.id not in edited], here)
        new = {test.path.name for test in tests if not test.problem}
        # Never one that this very run wrote: of two scenarios of one file name both stay.
        for file in (file for one in ours for file in _elsewhere(here, one) if file.name in new):
            if file not in {test.path for test in written}:
                file.unlink()
                told.append(f"removed {file}: its feature is {priority} by now")
        written += tests
    return written, [*told, *_left_out(scenarios, placed, folder)]


def _suite(scenarios: list[TestScenario], here: Path) -> list[WrittenTest]:
    if any(one.ui for one in scenarios):
        write_setup(here, "pytest-playwright", ())
    return write_tests(scenarios, here, target=None)


def _left_out(scenarios: list[TestScenario], placed: tuple[Placed, ...], folder: Path) -> Iterator[str]:
    """What is said of scenarios that belong to no suite, and of their files of before."""
    known = {one.scenario.id for one in placed}
    left = [scenario for scenario in scenarios if scenario.id not in known]
    if left:
        yield f"not written, for they go through no feature that was used in the window: {len(left)} scenarios"
    for file in (file for one in left for file in _elsewhere(folder / "none", one)):
        yield f"{file} is of before and stays: no feature of it was used in the window"


def _elsewhere(here: Path, scenario: TestScenario) -> list[Path]:
    """The scenario's files in the folders of other priorities."""
    name = target_of(scenario).file_name(scenario)
    others = (here.with_name(priority.lower()) for priority in FeaturePriority)
    return [other / name for other in others if other != here and (other / name).is_file()]
