"""The registry of memory keys: what stands where, who writes it, who reads it.

A test walks it: every key that is read has a writer, every key that is written is read by somebody or is an output for
people and other agents. docs/memory.md and the JSON Schemas are generated from it.
"""

from dataclasses import dataclass
from typing import Any

from ..core.records.audit import AuditEntry
from ..core.records.bulk.datasets import DatasetRef
from ..core.records.bulk.incidents import Incident
from ..core.records.bulk.recordings import UserFlow
from ..core.records.bulk.rum import RumData
from ..core.records.decisions.approvals import Approval, Override
from ..core.records.decisions.attestations import Attestation
from ..core.records.decisions.changes import ReleaseChanges
from ..core.records.decisions.checklist import Checklist, Resolution
from ..core.records.decisions.confidence import ReleaseConfidence
from ..core.records.decisions.history import DeploymentOutcome, Foresight
from ..core.records.decisions.learnt import Learnt
from ..core.records.decisions.prediction import RollbackPrediction
from ..core.records.decisions.production import Health, OpenFinding
from ..core.records.decisions.readiness import Decision, RiskAssessment
from ..core.records.decisions.regional_assessment import RegionalAssessment
from ..core.records.decisions.remediation import RemediationPlan
from ..core.records.decisions.rollback_plan import RollbackPlan
from ..core.records.decisions.stored_policy import StoredPolicy
from ..core.records.notices import ChannelState
from ..core.records.production.anomalies import Alert, Anomaly
from ..core.records.production.dead_code import DeadCodeReport
from ..core.records.production.environments import EnvironmentComparison
from ..core.records.production.experiment import ExperimentImpact
from ..core.records.production.features import FeatureReport
from ..core.records.production.feedback import LoopState
from ..core.records.production.findings import Insight, MiningResult, Prioritization
from ..core.records.production.incident_analysis import IncidentAnalysis
from ..core.records.production.journeys import Journeys
from ..core.records.production.load import LoadPatterns
from ..core.records.production.rum_analysis import RumAnalysis
from ..core.records.production.scenarios import TestScenario
from ..core.records.production.season import SeasonalAnalysis
from ..core.records.production.watch_state import WatchIndex, WatchPart
from ..core.records.release import Release
from ..core.records.rollouts.health import DeploymentAlert, DeploymentHealth
from ..core.records.rollouts.regions import Regional, RegionalPlan
from ..core.records.rollouts.rollout import CanarySetup, GivenOrder, Rollout, TriggerSetup
from ..core.records.signals import Signal
from ..core.records.tasks import AgentRecord, TaskAssignment


@dataclass(frozen=True)
class KeySpec:
    """One key or family of keys.

    Args:
        pattern: the key; `<...>` stands for a part that varies.
        model: record stored there, or a union of them; `Any` for values of other programs.
        description: one line.
        written_by: agents, "import", "cli", "other agents".
        read_by: the same; "output" = for people and other agents.
        many: the value is a list of the model.
        history: the value is a Redis list, appended to and never rewritten.
    """

    pattern: str
    model: Any
    description: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    many: bool = False
    history: bool = False


READINESS = "deployment-readiness"
PRODUCTION = "production-intelligence"
COMMANDER = "fleet-commander"
GATEWAY = "gateway"

# fmt: off
# A table is read by column.
KEYS: tuple[KeySpec, ...] = (
    KeySpec("aqe/releases/<version>/release", Release, "a release: version, commit, environment", ("import", "cli"), (READINESS, "cli")),
    KeySpec("aqe/releases/<version>/signals/<kind>", Signal, "a quality signal of one release", ("import", "cli", "other agents"), (READINESS, GATEWAY, "import", "cli")),
    KeySpec("aqe/region-signals/<version>/<region>/<kind>", Signal, "what was measured of one release in one region", ("import", "other agents"), (READINESS,)),
    KeySpec("aqe/regional-decisions/<version>", RegionalAssessment, "the latest decision about one release for each of its regions", (READINESS,), ("cli", "output")),
    KeySpec("aqe/releases/<version>/decision", Decision, "the latest decision about one release", (READINESS,), (READINESS, "cli", "output")),
    KeySpec("aqe/releases/<version>/approvals/<id>", Approval, "an approval that was asked for, and the signed votes", ("cli", COMMANDER), ("cli", COMMANDER, READINESS)),
    KeySpec("aqe/releases/<version>/overrides/<id>", Override, "signed: failed gates and vetoes that do not count", ("cli",), ("cli", READINESS)),
    KeySpec("aqe/quality-signals/<kind>", Signal, "the latest signal of a kind, of whatever release", ("import", "cli", "other agents"), (READINESS, PRODUCTION, "import", "cli")),
    KeySpec("aqe/deployment/decision", Decision, "the latest decision, as `assess --json` prints it", (READINESS,), ("output",)),
    KeySpec("aqe/deployment/risk-score", RiskAssessment, "the latest risk assessment", (READINESS,), ("output",)),
    KeySpec("aqe/risk-scores/<version>", RiskAssessment, "the latest risk assessment of one release", (READINESS,), (READINESS, "cli", "output")),
    KeySpec("aqe/deployment/remediation", RemediationPlan, "what has to be done before a GO", (READINESS,), ("output",)),
    KeySpec("aqe/deployment/rollback-plan", RollbackPlan, "the latest rollback plan", (READINESS,), ("output",)),
    KeySpec("aqe/rollback-plans/<version>", RollbackPlan, "the latest rollback plan of one release", (READINESS,), (READINESS, "output")),
    KeySpec("aqe/deployment/rollouts/<id>", Rollout, "a rollout: plan, state, timeline", (GATEWAY, "cli"), (GATEWAY, "cli")),
    KeySpec("aqe/deployment/orders/<rollout>", GivenOrder, "an order to a running rollout, until it is obeyed", (GATEWAY, "cli"), (GATEWAY, "cli")),
    KeySpec("aqe/deployment/region-plans/<version>", RegionalPlan, "how a release is to go to the regions of an environment", ("cli",), ("cli",)),
    KeySpec("aqe/deployment/regional/<id>", Regional, "a release in several regions: plan, where each stands, timeline", (GATEWAY, "cli"), (GATEWAY, "cli")),
    KeySpec("aqe/deployment/multi-region", Regional, "the release in several regions that changed last", (GATEWAY, "cli"), ("output",)),
    KeySpec("aqe/deployment/canary/<version>", CanarySetup, "stages that a release is to go through", ("cli",), ("cli",)),
    KeySpec("aqe/deployment/triggers/<name>", TriggerSetup, "what takes releases back: of an environment, or of one version", ("cli",), ("cli",)),
    KeySpec("aqe/deployment/monitoring", DeploymentHealth, "the last look of the rollout that changed last", (GATEWAY, "cli"), ("output",)),
    KeySpec("aqe/deployment/alerts", DeploymentAlert, "what is wrong with it and somebody should know; empty when nothing is", (GATEWAY, "cli"), ("output",), many=True),
    KeySpec("aqe/deployment/status", Rollout, "the rollout that changed last", (GATEWAY, "cli"), (GATEWAY, "cli")),
    KeySpec("aqe/releases/<version>/foresights", Foresight, "what was known and said at each assessment of one release", (READINESS,), (GATEWAY, "cli"), history=True),
    KeySpec("aqe/deployment/learnt/<environment>", Learnt, "what was learnt of the history, safe to delete", (READINESS,), (READINESS,)),
    KeySpec("aqe/deployment/confidence", ReleaseConfidence, "the latest release confidence", (READINESS,), ("output",)),
    KeySpec("aqe/release-confidence/<version>", ReleaseConfidence, "the latest confidence of one release", (READINESS,), ("output",)),
    KeySpec("aqe/deployment/rollback-prediction", RollbackPrediction, "the latest rollback prediction", (READINESS,), ("output",)),
    KeySpec("aqe/deployment/history", DeploymentOutcome, "past deployments and their outcomes", (GATEWAY, "cli", "other agents"), (READINESS, PRODUCTION, GATEWAY, "cli"), history=True),
    KeySpec("aqe/policies/<name>", StoredPolicy, "a policy of the fleet's, the last one in force", ("cli",), (READINESS, "cli"), history=True),
    KeySpec("aqe/audit/log", AuditEntry, "who decided what, each entry bound to the one before it", (READINESS, COMMANDER, "cli"), (READINESS, COMMANDER, "cli"), history=True),
    KeySpec("aqe/approvers/<id>/attempts", Any, "wrong secrets of an approver lately; goes by itself", ("cli",), ("cli",)),
    KeySpec("aqe/deployment/checklist", Checklist, "the latest checklist, as `checklist --json` prints it", (READINESS,), ("output",)),
    KeySpec("aqe/releases/<version>/checklist", Checklist, "the latest checklist of one release", (READINESS,), (READINESS, "output")),
    KeySpec("aqe/deployment/checklist-resolutions", Resolution, "checklist items that were open, and for how long", (READINESS,), (READINESS,), history=True),
    KeySpec("aqe/releases/<version>/attestations/<item>", Attestation, "what an approver vouches for where no tool measures it", ("cli",), (READINESS,)),
    KeySpec("aqe/releases/<version>/changes", ReleaseChanges, "what a release changes, as git tells it", ("cli",), (READINESS,)),
    KeySpec("aqe/production/logs", DatasetRef, "imported log records: where they lie", ("import",), ("output",), history=True),
    KeySpec("aqe/production/access", DatasetRef, "imported requests: where they lie", ("import",), ("output",), history=True),
    KeySpec("aqe/production/apm", DatasetRef, "imported spans and metric points: where they lie", ("import",), ("output",), history=True),
    KeySpec("aqe/production/analytics", DatasetRef, "imported events of product analytics: where they lie", ("import",), ("output",), history=True),
    KeySpec("aqe/production/rum-data", RumData, "real-user monitoring of the latest day there is", ("import",), (PRODUCTION, "import", "output")),
    KeySpec("aqe/rum-data/<yyyy-mm-dd>", RumData, "real-user monitoring of one day", ("import",), ("import", "output")),
    KeySpec("aqe/production/incidents", Incident, "the latest incidents and alerts, newest first", ("import", "other agents"), ("import", PRODUCTION), many=True),
    KeySpec("aqe/incidents/<id>", Incident, "one incident or alert", ("import", "other agents"), ("output",)),
    KeySpec("aqe/production/ops-events", DatasetRef, "imported deployments, changes and annotations: where they lie", ("import",), ("output",), history=True),
    KeySpec("aqe/production/http-exchanges", DatasetRef, "imported HTTP recordings: where they lie", ("import",), ("output",), history=True),
    KeySpec("aqe/production/user-flows/<id>", UserFlow, "a flow that somebody recorded in a browser", ("import",), (PRODUCTION, "output")),
    KeySpec("aqe/production/patterns", MiningResult, "error patterns of the latest analysis", (PRODUCTION,), (PRODUCTION, READINESS, "output")),
    KeySpec("aqe/production/load-patterns", LoadPatterns, "when how much traffic comes, of what, from whom; the model that load tests follow", (PRODUCTION,), (PRODUCTION, "output")),
    KeySpec("aqe/production/rum-analysis", RumAnalysis, "what real users did, waited for and met: funnel, vitals, errors", (PRODUCTION,), (PRODUCTION, "output")),
    KeySpec("aqe/production/seasonal-analysis", SeasonalAnalysis, "what named days did to traffic, and the load to expect of the next ones", (PRODUCTION,), ("output",)),
    KeySpec("aqe/production/feature-usage", FeatureReport, "which features are used, by whom, and how much their tests matter", (PRODUCTION,), ("output",)),
    KeySpec("aqe/production/journeys", Journeys, "which ways people take, where they leave; the model that new sessions are compared with", (PRODUCTION,), (PRODUCTION, "output")),
    KeySpec("aqe/production/environments", EnvironmentComparison, "two environments beside each other", (PRODUCTION,), ("output",)),
    KeySpec("aqe/production/dead-code", DeadCodeReport, "routes that nobody asks for, and the code that only they lead to", (PRODUCTION,), ("output",)),
    KeySpec("aqe/production/insights", Insight, "what all analyses found, in words, most important first", (PRODUCTION, "cli"), (READINESS, PRODUCTION, "cli", "output"), many=True),
    KeySpec("aqe/production/insights/<capability>", Insight, "what the latest run of one analysis found", (PRODUCTION,), (PRODUCTION,), many=True),
    KeySpec("aqe/production/alerts", OpenFinding, "what somebody should look at now: severe anomalies, open incidents; that nobody could judge", (PRODUCTION, "other agents"), (READINESS, PRODUCTION), many=True),
    KeySpec("aqe/production/anomalies", Anomaly | Alert, "anomalies that are open or were lately, the worst first; before them an item of status NOT_MEASURED when nobody could judge", (PRODUCTION,), (READINESS, PRODUCTION), many=True),
    KeySpec("aqe/anomalies/<yyyy-mm-dd>/<id>", Anomaly, "one anomaly, under the day it began", (PRODUCTION,), ("output",)),
    KeySpec("aqe/production/watch", WatchIndex, "what the watch over production's series has learnt: what its parts must add up to", (PRODUCTION,), (PRODUCTION,)),
    KeySpec("aqe/production/watch/<n>", WatchPart, "part of what it has learnt, series by series; the next look goes on from it", (PRODUCTION,), (PRODUCTION,)),
    KeySpec("aqe/production/status", Health, "how production is: healthy, degraded, unhealthy, critical, NOT_MEASURED", (PRODUCTION, "other agents"), (PRODUCTION, READINESS)),
    KeySpec("aqe/production/experiments/<name>", ExperimentImpact, "what an experiment's variants did against the control", (PRODUCTION,), (PRODUCTION, "output")),
    KeySpec("aqe/production/prioritization", Prioritization, "what to test or repair first, and why", (PRODUCTION,), (PRODUCTION, "cli", "output")),
    KeySpec("aqe/production/feedback-loop", LoopState, "the feedback loop: its round, the analyses of it, anomalies taken in", ("cli",), (PRODUCTION, "cli", "output")),
    KeySpec("aqe/production/incident-analysis", IncidentAnalysis, "where incidents' time went, what was different, what the figures hide", (PRODUCTION,), (PRODUCTION, "output")),
    KeySpec("aqe/production/test-scenarios", TestScenario, "tests worth having", (PRODUCTION, "cli"), (PRODUCTION, "cli", "output"), many=True),
    KeySpec("aqe/test-scenarios/production-derived", TestScenario, "the same, where test generators look", (PRODUCTION, "cli"), ("output",), many=True),
    KeySpec("aqe/test-requirements", TestScenario, "the same, where the test-generator agent looks", (PRODUCTION, "cli"), ("output",), many=True),
    KeySpec("aqe/coverage/results", Any, "coverage, as qe-coverage-analyzer writes it; becomes a signal", ("other agents",), (GATEWAY,)),
    KeySpec("aqe/performance/results", Any, "a load test, as qe-performance-tester writes it; becomes a signal", ("other agents",), (GATEWAY,)),
    KeySpec("aqe/security/vulnerabilities", Any, "findings of a scan, as qe-security-scanner writes it; becomes a signal", ("other agents",), (GATEWAY,)),
    KeySpec("aqe/quality/decisions", Any, "verdict of the quality gate, as qe-quality-gate writes it; becomes a signal", ("other agents",), (GATEWAY,)),
    KeySpec("aqe/regression/risk-score", Any, "what a change reaches, as qe-regression-risk-analyzer writes it; becomes a signal", ("other agents",), (GATEWAY,)),
    KeySpec("aqe/test-reliability/scores", Any, "how far tests can be trusted, as qe-flaky-test-hunter writes it; becomes a signal", ("other agents",), (GATEWAY,)),
    KeySpec("test/session/results", Any, "counts of a test session, as qe-test-executor writes it; becomes a signal", ("other agents",), (GATEWAY,)),
    KeySpec("aqe/notify/<channel>", ChannelState, "messages that a channel was sent, and the last failure", (GATEWAY, "cli"), (GATEWAY, "cli")),
    KeySpec("aqe/notify-sent/<channel>/<digest>", Any, "what a message said, for as long as it is not to be said again of the same release and environment", (GATEWAY, "cli"), (GATEWAY, "cli")),
    KeySpec("aqe/fleet/tasks/<id>", TaskAssignment, "a task", (COMMANDER, "cli", READINESS, PRODUCTION), (COMMANDER, "cli", READINESS, PRODUCTION)),
    KeySpec("aqe/fleet/agents/<id>", AgentRecord, "an agent process", (COMMANDER, READINESS, PRODUCTION), (COMMANDER, "cli")),
)
# fmt: on
"""All keys."""
