import pytest

from aqe.agents.commander.routing import AgentProfile, route
from aqe.core.errors import InputError

MINER = AgentProfile("production-intelligence", {"error-pattern-mining": "mining"})
JUDGE = AgentProfile("deployment-readiness", {"risk-score": "risk-scoring", "deployment-assessment": "gates"})
OTHER_JUDGE = AgentProfile("second-opinion", {"risk-score": "bayes"})
PROFILES = (MINER, JUDGE, OTHER_JUDGE)


@pytest.mark.parametrize(
    ("task_type", "requirements", "served_by"),
    [
        ("error-pattern-mining", (), "production-intelligence"),
        ("risk-score", (), "deployment-readiness"),
        ("risk-score", ("risk-scoring",), "deployment-readiness"),
        ("risk-score", ("bayes",), "second-opinion"),
        ("risk-score", ("risk-score", "gates"), "deployment-readiness"),
    ],
)
def test_a_task_goes_to_the_first_that_serves_it_and_has_what_it_requires(
    task_type: str, requirements: tuple[str, ...], served_by: str
) -> None:
    """Type first, capabilities second, order of the profiles last."""
    assert route(task_type, requirements, PROFILES) == served_by


def test_an_unknown_type_is_an_error_with_what_was_probably_meant() -> None:
    """A slip of the finger is told with the nearest known name and the whole list."""
    with pytest.raises(InputError, match="no agent serves 'risk-scor', did you mean 'risk-score'") as caught:
        route("risk-scor", (), PROFILES)
    assert caught.value.hint == "known: deployment-assessment, error-pattern-mining, risk-score"


def test_nothing_like_it_is_told_without_a_guess() -> None:
    """No wild suggestion."""
    with pytest.raises(InputError) as caught:
        route("xyzzy", (), PROFILES)
    assert "did you mean" not in caught.value.message


def test_a_requirement_nobody_who_serves_it_has_is_named() -> None:
    """Only what is missing is named, not what they have."""
    with pytest.raises(InputError, match=r"'risk-score' has the capabilities \['flying'\]"):
        route("risk-score", ("gates", "flying"), PROFILES)


def test_capabilities_of_two_agents_do_not_add_up() -> None:
    """One task runs in one agent: each has one of the two, none has both."""
    with pytest.raises(InputError, match=r"\['risk-scoring', 'bayes'\]"):
        route("risk-score", ("risk-scoring", "bayes"), PROFILES)


def test_no_agents_at_all_is_an_error_too() -> None:
    """An empty fleet routes nothing."""
    with pytest.raises(InputError, match="no agent serves"):
        route("risk-score", (), ())
