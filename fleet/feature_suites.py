"""Suites by how much features are used, a folder for each priority: `pytest DIR/critical DIR/high` goes first."""

from pathlib import Path

from ..agents.production_intelligence.feature_suites import suites
from ..core.records.features import FeaturePriority, FeatureReport
from ..core.records.scenarios import TestScenario
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
        ours = []
        for scenario in (one.scenario for one in placed if one.priority is priority):
            old = _elsewhere(here / target_of(scenario).file_name(scenario))
            if edited := next((file for file in old if not is_unedited(file)), None):
                told.append(f"kept {edited}, which was edited; its feature is {priority} by now: move it to {here}")
            else:
                ours.append(scenario)
        tests = write_tests(ours, here, target=None)
        if any(one.ui for one in ours):
            write_setup(here, "pytest-playwright", ())
        for file in (file for test in tests if not test.problem for file in _elsewhere(test.path)):
            file.unlink()
            told.append(f"removed {file}: its feature is {priority} by now")
        written += tests
    if left := len(scenarios) - len(placed):
        told.append(f"not written, for no feature that they go through was used in the window: {left} test scenarios")
    return written, told


def _elsewhere(path: Path) -> list[Path]:
    """Files of its name in the folders of the other priorities."""
    others = (path.parents[1] / priority.lower() / path.name for priority in FeaturePriority)
    return [other for other in others if other != path and other.is_file()]
