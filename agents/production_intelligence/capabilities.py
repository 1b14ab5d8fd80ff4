"""What the agent can be asked: task type -> pure function. A new capability is a function and a line in the table.

The line names the function, and its module is imported when it is asked for: a command waits for every import, and half
of the capabilities need libraries that the others do not.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from ..outcome import Outcome
from .loaded import Loaded


class Capability(NamedTuple):
    """One line of the table.

    Args:
        task_type: as submitted.
        serves: the specification's name of the capability.
        module: where the function is, from this package. What it reads of memory stands there, too, as READS: keys, and
            globs for many keys; a module without it looks at bulk rows only.
        name: of the function, which is pure: the same input gives the same outcome.
    """

    task_type: str
    serves: str
    module: str
    name: str

    @property
    def function(self) -> Callable[[Loaded], Outcome]:
        """The function itself."""
        found: Callable[[Loaded], Outcome] = getattr(self._imported(), self.name)
        return found

    @property
    def reads(self) -> Sequence[str]:
        """READS of its module."""
        keys: Sequence[str] = getattr(self._imported(), "READS", ())
        return keys

    def _imported(self) -> ModuleType:
        return import_module(f".{self.module}", __package__)


CAPABILITIES: tuple[Capability, ...] = (
    Capability("error-pattern-mining", "error-pattern-mining", "errors.mining", "mine_errors"),
    Capability("recording-to-tests", "test-generation", "recorded.suite", "recording_to_tests"),
    Capability("anomaly-detection", "anomaly-detection", "anomalies.detection", "detect_anomalies"),
    Capability("load-pattern-analysis", "load-pattern-analysis", "load.patterns", "load_patterns"),
    Capability("seasonal-analysis", "load-pattern-analysis", "load.seasonal", "seasonal_analysis"),
    Capability("feature-usage-analytics", "feature-usage-analytics", "features.usage", "feature_usage"),
    Capability("dead-code", "feature-usage-analytics", "features.dead_code", "dead_code"),
    Capability("incident-analysis", "incident-replay", "incidents.analysis", "analyze_incidents"),
    Capability("incident-replay-plan", "incident-replay", "incidents.replay_plan", "plan_replay"),
    Capability("user-journey-reconstruction", "user-journey-reconstruction", "journeys.analysis", "journeys"),
    Capability("rum-analysis", "rum-analysis", "rum.analysis", "rum_analysis"),
    Capability("production-report", "insights", "reporting.report", "production_report"),
    Capability("ab-test-impact", "rum-analysis", "comparisons.experiment", "ab_test_impact"),
    Capability("journeys-to-tests", "user-journey-reconstruction", "browser.suite", "journeys_to_tests"),
    Capability("environment-comparison", "load-pattern-analysis", "comparisons.environments", "compare_environments"),
)
