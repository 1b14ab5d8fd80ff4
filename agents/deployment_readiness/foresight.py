"""What is said of a release before it is deployed: confidence and rollback prediction, and the note that keeps them."""

from dataclasses import dataclass

from ...core.records.confidence import ReleaseConfidence
from ...core.records.history import Foresight
from ...core.records.policy import Policy
from ...core.records.prediction import RollbackPrediction
from ...core.records.readiness import Decision
from ...core.records.signals import SignalKind
from .features import features_of
from .inputs import ReadinessInputs, Readings


@dataclass(frozen=True)
class Foreseen:
    """Both, and what they rest on."""

    features: dict[str, float]
    confidence: ReleaseConfidence
    prediction: RollbackPrediction


def foresee(inputs: ReadinessInputs, policy: Policy) -> Foreseen:
    """Confidence and prediction for the release."""
    # Not at the top: numpy would be a tenth of a second of every command that only risk and gates are asked of.
    from .confidence import release_confidence
    from .rollback_prediction import predict_rollback

    features = features_of(inputs, policy)
    return Foreseen(features, release_confidence(inputs, policy, features), predict_rollback(inputs, features))


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
