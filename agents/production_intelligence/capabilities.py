"""What the agent can be asked: task type -> pure function. A new capability is a function and a line in the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.records.logs import LogRow
from ...core.records.rows import LOGS
from ...core.records.scenarios import MinedErrors
from ..outcome import Outcome
from .anomalies.detection import READS as ANOMALY_KEYS
from .anomalies.detection import detect_anomalies
from .browser.suite import READS as FLOW_KEYS
from .browser.suite import journeys_to_tests
from .comparisons.environments import compare_environments
from .comparisons.experiment import ab_test_impact
from .errors.insights import insights_from
from .errors.patterns import mine
from .errors.scenarios import scenarios_from
from .features.dead_code import dead_code
from .features.usage import READS as FEATURE_KEYS
from .features.usage import feature_usage
from .incidents.analysis import READS as INCIDENT_KEYS
from .incidents.analysis import analyze_incidents
from .incidents.replay_plan import plan_replay
from .journeys.analysis import READS as JOURNEY_KEYS
from .journeys.analysis import journeys
from .load.patterns import load_patterns
from .load.seasonal import seasonal_analysis
from .loaded import Loaded
from .recorded.suite import recording_to_tests
from .reporting.report import READS as REPORT_KEYS
from .reporting.report import production_report
from .rum.analysis import rum_analysis
from .scenario_keys import READS as SCENARIO_KEYS
from .scenario_keys import offered

DEFAULT_MIN_OCCURRENCES = 2
MAX_SCENARIOS = 20
"""Scenarios kept, most important first: tests that people are to review."""


def _nothing(payload: Mapping[str, Any]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Capability:
    """One line of the table.

    Args:
        task_type: as submitted.
        serves: the specification's name of the capability.
        perform: pure; the same input gives the same outcome.
        reads: of the payload: the memory keys it needs besides bulk rows.
    """

    task_type: str
    serves: str
    perform: Callable[[Loaded], Outcome]
    reads: Callable[[Mapping[str, Any]], Sequence[str]] = _nothing


def mine_errors(loaded: Loaded) -> Outcome:
    """Error patterns of the log records, what they mean, and scenarios that would show them."""
    mined = mine(
        (LogRow(*row) for row in loaded.rows(LOGS)),
        min_occurrences=int(loaded.number("minOccurrences", DEFAULT_MIN_OCCURRENCES)),
        previous=(LogRow(*row) for row in loaded.previous_rows(LOGS)),
    )
    insights = insights_from(mined, now=loaded.now)
    scenarios = tuple(scenarios_from(mined, include_unsafe=bool(loaded.payload.get("includeUnsafe"))))[:MAX_SCENARIOS]
    return Outcome(
        MinedErrors(patterns=mined, insights=insights, scenarios=scenarios),
        {"aqe/production/patterns": mined, **offered(scenarios, "scenario-err-", loaded)},
    )


CAPABILITIES: tuple[Capability, ...] = (
    Capability("error-pattern-mining", "error-pattern-mining", mine_errors, reads=lambda payload: SCENARIO_KEYS),
    Capability("recording-to-tests", "test-generation", recording_to_tests, reads=lambda payload: SCENARIO_KEYS),
    Capability("anomaly-detection", "anomaly-detection", detect_anomalies, reads=lambda payload: ANOMALY_KEYS),
    Capability("load-pattern-analysis", "load-pattern-analysis", load_patterns),
    Capability("seasonal-analysis", "load-pattern-analysis", seasonal_analysis),
    Capability("feature-usage-analytics", "feature-usage-analytics", feature_usage, reads=lambda payload: FEATURE_KEYS),
    Capability("dead-code", "feature-usage-analytics", dead_code),
    Capability("incident-analysis", "incident-replay", analyze_incidents, reads=lambda payload: INCIDENT_KEYS),
    Capability("incident-replay-plan", "incident-replay", plan_replay, reads=lambda payload: INCIDENT_KEYS),
    Capability(
        "user-journey-reconstruction",
        "user-journey-reconstruction",
        journeys,
        reads=lambda payload: JOURNEY_KEYS,
    ),
    Capability("rum-analysis", "rum-analysis", rum_analysis),
    Capability("production-report", "insights", production_report, reads=lambda payload: REPORT_KEYS),
    Capability("ab-test-impact", "rum-analysis", ab_test_impact),
    Capability("journeys-to-tests", "user-journey-reconstruction", journeys_to_tests, reads=lambda payload: FLOW_KEYS),
    Capability("environment-comparison", "load-pattern-analysis", compare_environments),
)
