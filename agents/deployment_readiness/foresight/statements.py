"""What is said of a release before it is deployed: confidence and rollback prediction, and the note that keeps them."""

from dataclasses import dataclass

from ....core.records.decisions.confidence import ReleaseConfidence
from ....core.records.decisions.history import Foresight
from ....core.records.decisions.learnt import Learnt
from ....core.records.decisions.policy import Policy
from ....core.records.decisions.prediction import RollbackPrediction
from ....core.records.decisions.readiness import Decision
from ....core.records.signals import SignalKind
from ..inputs import ReadinessInputs, Readings
from .features import features_of


def learnt_key(environment: str) -> str:
    """Where the models stand; every environment has a history of its own."""
    return f"aqe/deployment/learnt/{environment}"


@dataclass(frozen=True)
class Foreseen:
    """Both, and what they rest on."""

    features: dict[str, float]
    confidence: ReleaseConfidence
    prediction: RollbackPrediction
    learnt: Learnt
    """What the models are now; the next `foresee` of the same history need not learn them."""


def foresee(inputs: ReadinessInputs, policy: Policy, kept: Learnt | None = None) -> Foreseen:
    """Confidence and prediction for the release.

    Args:
        inputs: of the release.
        policy: it bounds the history.
        kept: `learnt` of an earlier one; whatever it is, the answer is the same.
    """
    # Not at the top: numpy would be a tenth of a second of every command that only risk and gates are asked of.
    from .confidence import release_confidence
    from .learnt import Recalled
    from .rollback_prediction import predict_rollback

    features, models = features_of(inputs, policy), Recalled(kept)
    confidence = release_confidence(inputs, policy, features, models.sampled)
    prediction = predict_rollback(inputs, features, models.taught)
    return Foreseen(features, confidence, prediction, models.learnt)


def told(decision: Decision, foreseen: Foreseen) -> Decision:
    """The decision with both; they inform it, gates and risk decide."""
    confidence = foreseen.confidence
    return decision.model_copy(
        update={
            "confidence": confidence.score,
            "confidence_reason": confidence.reason,
            "release_confidence": confidence,
            "rollback_prediction": foreseen.prediction,
        }
    )


def note(decision: Decision, foreseen: Foreseen, inputs: ReadinessInputs, policy: Policy) -> Foresight:
    """What `record-outcome` will hold against what came."""
    readings = Readings(inputs, policy)
    values = {kind: readings.values(kind) for kind in SignalKind}
    measured = {kind: {k: v for k, v in found.items() if v is not None} for kind, found in values.items()}
    return Foresight(
        version=decision.version,
        commit=decision.release.commit,
        environment=decision.release.environment,
        assessed_at=decision.assessed_at,
        features=foreseen.features,
        signals={kind: found for kind, found in measured.items() if found},
        decision=decision.decision,
        policy=decision.policy,
        risk=decision.risk,
        confidence=foreseen.confidence.score,
        rollback_percent=foreseen.prediction.probability_percent,
    )
