"""Configurations and points as Kayenta has them are judged whole; what they get wrong is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aqe.agents.deployment_readiness.judging.kayenta_config import judge_canary
from aqe.cli.main import main
from aqe.core.errors import InputError

FLAT, HIGH = [1.0 + 0.01 * (n % 5) for n in range(20)], [3.0 + 0.01 * (n % 5) for n in range(20)]


def a_metric(name: str, *groups: str, **canary: Any) -> Any:
    return {"name": name, "groups": list(groups), "analysisConfigurations": {"canary": canary}}


def a_config(*metrics: Any, **classifier: Any) -> Any:
    return {"name": "shop", "metrics": list(metrics), "classifier": classifier}


def points(**experiments: Any) -> Any:
    return [{"name": name, "values": {"experiment": own, "control": FLAT}} for name, own in experiments.items()]


TWO = a_config(a_metric("errors", "Errors", direction="increase"), a_metric("latency", "Latency"))


def test_groups_are_weighed_and_the_score_is_held_against_the_thresholds() -> None:
    config = TWO | {"classifier": {"groupWeights": {"Errors": 20}, "scoreThresholds": {"pass": 90, "marginal": 80}}}
    found = judge_canary(config, points(errors=HIGH, latency=FLAT))
    assert (found.score, found.classification, found.groups) == (80, "Marginal", {"Errors": 0, "Latency": 100})
    assert [metric.classification for metric in found.metrics] == ["High", "Pass"]


def test_without_thresholds_95_passes_and_75_is_marginal() -> None:
    assert judge_canary(TWO, points(errors=FLAT, latency=FLAT)).classification == "Pass"
    assert judge_canary(TWO, points(errors=HIGH, latency=FLAT)).classification == "Fail"


@pytest.mark.parametrize(
    ("canary", "experiment", "score"),
    [
        ({"critical": True}, HIGH, 0),
        ({"muted": True}, HIGH, 100),
        ({"direction": "decrease"}, HIGH, 100),
        ({"effectSize": {"allowedIncrease": 5}}, HIGH, 100),
        ({"effectSize": {"measure": "cles", "allowedIncrease": 0.9}}, HIGH, 50),
        ({"mustHaveData": True}, [None, "NaN"], 50),
        ({"nanStrategy": "replace", "direction": "increase"}, [None] * 20, 100),
        ({"outliers": {"strategy": "remove", "outlierFactor": 1.5}}, [*FLAT, 1e6], 100),
    ],
)
def test_what_a_metric_says_of_itself_holds(canary: Any, experiment: Any, score: float) -> None:
    config = a_config(a_metric("own", "g", **canary), a_metric("other", "g"))
    assert judge_canary(config, points(own=experiment, other=FLAT)).score == score


@pytest.mark.parametrize(
    ("config", "given", "words"),
    [
        ([], [], "the configuration: expected an object with 'metrics'"),
        (TWO, points(errors=FLAT), "metric 'latency' has no points"),
        (TWO, points(errors=FLAT, latency=FLAT, more=FLAT), "metric 'more' has points and is not"),
        (TWO, points(errors=["many"], latency=FLAT), "errors: 'many', expected a number"),
        (a_config(a_metric("a", direction="up")), points(a=FLAT), "a: direction is 'up', expected increase"),
        (TWO, {"errors": FLAT}, "the points: expected a list"),
    ],
)
def test_what_is_wrong_is_named(config: Any, given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        judge_canary(config, given)


def test_the_command_prints_the_verdict_and_exits_by_it(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps(TWO))
    (tmp_path / "p.json").write_text(json.dumps(points(errors=HIGH, latency=FLAT)))
    command = ["deploy", "judge", "--config", str(tmp_path / "c.json"), "--metrics", str(tmp_path / "p.json")]
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, "Fail, score 50: failed: errors High" in done.output) == (1, True), done.output
    shown = json.loads(CliRunner().invoke(main, [*command, "--json"]).output)
    assert (shown["classification"], shown["metrics"][0]["classification"]) == ("Fail", "High")
