"""Recorded flows as tests in a browser, as a user types it."""

import json
from collections.abc import Iterator

import pytest

from aqe.core.errors import EXIT_NO_GO, EXIT_OK
from aqe.tests.e2e.cli_project import Project

pytestmark = pytest.mark.xdist_group("cli-usage")

FLOW = {
    "title": "Sign in",
    "steps": [
        {"type": "navigate", "url": "http://shop.example/", "assertedEvents": [
            {"type": "navigation", "url": "http://shop.example/", "title": "Books"}]},
        {"type": "change", "value": "jane.doe@shop.example", "selectors": [["aria/E-mail"], ["#email"]]},
        {"type": "click", "selectors": [["aria/Sign in[role=\"button\"]"]], "assertedEvents": [
            {"type": "navigation", "url": "http://shop.example/account", "title": "Your account"}]},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("browser")) as project:
        yield project


def test_an_imported_flow_is_written_once_with_its_setup(project: Project) -> None:
    """Nothing before the import; then a file and a configuration, and somebody's edits are not overwritten."""
    asked = ("production", "journey-to-tests", "--output", "e2e")
    done = project.aqe(*asked)
    assert done.returncode == EXIT_NO_GO and "aqe import" in done.stderr
    project.ok("import", project.write("flow.json", json.dumps(FLOW)), "--release", "v1", "--commit", "abc1234")
    done = project.aqe(*asked)
    assert done.returncode == EXIT_OK and "Sign in" in done.stdout, done.stderr
    [test] = (project.folder / "e2e").glob("sign-in-*.spec.ts")
    assert 'toHaveTitle("Your account")' in test.read_text() and "jane" not in test.read_text()
    assert (project.folder / "e2e/playwright.config.ts").exists() and "wrote e2e/playwright.config.ts" in done.stderr
    assert project.aqe(*asked).returncode == EXIT_OK
    test.write_text(test.read_text() + "// mine\n")
    done = project.aqe(*asked)
    assert done.returncode == EXIT_OK and "kept e2e/sign-in" in done.stderr and test.read_text().endswith("// mine\n")


def test_python_and_features_are_options(project: Project) -> None:
    """A feature that no journey goes through is an answer of its own."""
    project.ok("production", "journey-to-tests", "--target", "pytest-playwright", "--output", "py")
    assert {path.suffix for path in (project.folder / "py").iterdir()} == {".py"}
    done = project.aqe("production", "rum-to-tests", "--feature", "checkout")
    assert done.returncode == EXIT_NO_GO
