"""Suites in a user's folder: what moves when features are used more or less, and that no edit is lost."""

from pathlib import Path

from aqe.agents.production_intelligence.features.mapping import FeatureMap
from aqe.agents.production_intelligence.features.suites import with_tests
from aqe.core.records.production.features import FeaturePriority
from aqe.core.records.production.scenarios import TestScenario
from aqe.fleet.suites.feature_suites import write_suites
from aqe.tests.ui_scenarios import a_ui_scenario
from aqe.tests.unit.production.test_feature_suites import a_report, a_scenario, gets, usage

CART = a_scenario("fills-the-cart", *gets("/cart"))


def written(folder: Path, scenario: TestScenario, priority: FeaturePriority, name: str = "cart") -> list[str]:
    """Files below the folder after a run in which the feature has this priority; what was said comes last."""
    report = with_tests(a_report(usage(name, priority, 0.2)), [scenario.to_dict()], FeatureMap({}))
    _, told = write_suites(report, [scenario], folder)
    return [*sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")), *told]


def test_each_priority_has_a_folder_and_an_unedited_file_moves_with_its_feature(tmp_path: Path) -> None:
    """Regenerated, it would otherwise stand in two suites, and pytest wants one file of a name."""
    (name,) = (Path(one).name for one in written(tmp_path, CART, FeaturePriority.MEDIUM))
    assert written(tmp_path, CART, FeaturePriority.MEDIUM) == [f"medium/{name}"]
    *files, told = written(tmp_path, CART, FeaturePriority.HIGH)
    assert files == [f"high/{name}"] and told.startswith(f"removed {tmp_path}/medium/{name}")


def test_an_edited_file_stays_where_it_is_and_that_is_told(tmp_path: Path) -> None:
    """It is neither replaced nor doubled; moved by hand it is the file of its new suite."""
    (name,) = (Path(one).name for one in written(tmp_path, CART, FeaturePriority.MEDIUM))
    edited = tmp_path / "medium" / name
    edited.write_text(edited.read_text() + "# mine\n")
    *files, told = written(tmp_path, CART, FeaturePriority.CRITICAL)
    assert files == [f"medium/{name}"] and edited.read_text().endswith("# mine\n")
    assert "was edited" in told and told.endswith(f"move it to {tmp_path}/critical")


def test_a_file_that_somebody_else_wrote_is_not_removed(tmp_path: Path) -> None:
    """It only has the name of ours."""
    (name,) = (Path(one).name for one in written(tmp_path, CART, FeaturePriority.MEDIUM))
    other = tmp_path / "low" / name
    other.parent.mkdir()
    other.write_text("mine\n")
    written(tmp_path, CART, FeaturePriority.MEDIUM)
    assert other.read_text() == "mine\n"


def test_a_file_whose_feature_nobody_uses_any_more_stays_and_is_told(tmp_path: Path) -> None:
    """Nothing is removed that has no other place."""
    (name,) = (Path(one).name for one in written(tmp_path, CART, FeaturePriority.MEDIUM))
    *files, _, told = written(tmp_path, CART, FeaturePriority.MEDIUM, "search")
    assert files == [f"medium/{name}"] and told.startswith(f"{tmp_path}/medium/{name} is of before and stays")


def test_what_was_done_in_a_browser_gets_its_setup_and_what_nobody_uses_no_file(tmp_path: Path) -> None:
    """The setup stands in the folder of the suite: it is found however the suite is started."""
    files = written(tmp_path, a_ui_scenario(), FeaturePriority.CRITICAL, "checkout")
    assert len(files) == 1 and files[0].endswith("was used in the window: 1 scenarios")
    files = written(tmp_path, a_ui_scenario(), FeaturePriority.CRITICAL)
    assert files[0] == "critical/conftest.py" and files[1].startswith("critical/test_from_the_front_page_to_an_order")
