"""A rollout that is stored is never left alone."""

from types import SimpleNamespace
from typing import Any

import pytest

from aqe.cli.deploy import rollout
from aqe.core.errors import ServiceUnavailable
from aqe.fleet import processes


@pytest.mark.parametrize("starts", [True, False])
def test_where_the_fleet_does_not_start_it_is_run_here_and_said(
    starts: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(settings: Any) -> int:
        if not starts:
            raise ServiceUnavailable("the fleet did not start")
        return 1

    monkeypatch.setattr(processes, "start_detached", start)
    parts: Any = SimpleNamespace(settings=None)
    assert rollout.have_a_successor(parts) is starts
    assert ("did not start: it is run here" in capsys.readouterr().err) is not starts
