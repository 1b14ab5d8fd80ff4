"""Models that need not be learnt again: to and from the numbers that a memory key keeps."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import TypeVar

import numpy as np

from ....analysis.inference.bayesian_logistic import Posterior
from ....analysis.inference.beta_binomial import Beta
from ....analysis.inference.hinges import Hinges
from ....analysis.inference.logistic import Floats
from ....analysis.inference.online_risk import Model
from ....core.records.decisions.learnt import KeptModel, Learnt
from .confidence import sampled
from .rollback_prediction import Taught, taught

T = TypeVar("T")
_FLOAT = np.dtype("<f8")


class Recalled:
    """Learns what is not kept; `learnt` then holds what is to be kept.

    Args:
        kept: of an earlier assessment; None = nothing.
    """

    def __init__(self, kept: Learnt | None) -> None:
        self.learnt = kept or Learnt()

    def sampled(self, harm: bytes, failed: bytes, weights: bytes, harmful: bytes) -> Posterior:
        """`confidence.sampled`, or what it said of the same bytes."""
        columns = (harm, failed, weights, harmful)
        posterior, kept = _known(self.learnt.confidence, columns, sampled, _posterior, _of_posterior)
        self.learnt = self.learnt.model_copy(update={"confidence": kept})
        return posterior

    def taught(self, at: bytes, learnt_at: bytes, failed: bytes, values: bytes) -> Taught:
        """`rollback_prediction.taught`, or what it said of the same bytes."""
        columns = (at, learnt_at, failed, values)
        model, kept = _known(self.learnt.prediction, columns, taught, _taught, _of_taught)
        self.learnt = self.learnt.model_copy(update={"prediction": kept})
        return model


def _known(
    kept: KeptModel | None,
    columns: tuple[bytes, ...],
    learn: Callable[..., T],
    read: Callable[[KeptModel], T],
    write: Callable[[str, T], KeptModel],
) -> tuple[T, KeptModel]:
    parts = sha256()
    for column in columns:
        parts.update(sha256(column).digest())
    digest = parts.hexdigest()
    if kept is not None and kept.digest == digest:
        # Where somebody wrote there, it is learnt again and written over.
        with suppress(KeyError, ValueError, IndexError):
            return read(kept), kept
    found = learn(*columns)
    return found, write(digest, found)


def _encoded(**arrays: Floats) -> dict[str, str]:
    return {name: b64encode(array.astype(_FLOAT).tobytes()).decode() for name, array in arrays.items()}


def _decoded(kept: KeptModel, name: str, columns: int | None = None) -> Floats:
    flat = np.frombuffer(b64decode(kept.arrays[name], validate=True), _FLOAT)
    return flat if columns is None else flat.reshape(-1, columns)


def _of_posterior(digest: str, posterior: Posterior) -> KeptModel:
    shape = np.array([posterior.draws.shape[1], posterior.efficiency])
    return KeptModel(digest=digest, arrays=_encoded(draws=posterior.draws, shape=shape))


def _posterior(kept: KeptModel) -> Posterior:
    columns, efficiency = _decoded(kept, "shape")
    return Posterior(_decoded(kept, "draws", int(columns)), float(efficiency))


def _of_taught(digest: str, found: Taught) -> KeptModel:
    model, basis = found.model, found.model.basis
    arrays = {
        "fitted": model.fitted,
        "numbers": np.array([model.shift, model.base_rate, found.rate.successes, found.rate.failures]),
        "probability": found.probability,
        "failed": found.failed,
    }
    if basis is not None:
        arrays |= {
            "mean": basis.mean,
            "deviation": basis.deviation,
            "knots": np.array(basis.knots, float).reshape(-1, 2),
            "column_mean": basis.column_mean,
            "column_deviation": basis.column_deviation,
        }
    return KeptModel(digest=digest, arrays=_encoded(**arrays), judged=found.judged)


def _taught(kept: KeptModel) -> Taught:
    shift, base_rate, a, b = map(float, _decoded(kept, "numbers"))
    basis = None
    if "mean" in kept.arrays:
        basis = Hinges(
            _decoded(kept, "mean"),
            _decoded(kept, "deviation"),
            tuple((int(feature), float(place)) for feature, place in _decoded(kept, "knots", 2)),
            _decoded(kept, "column_mean"),
            _decoded(kept, "column_deviation"),
        )
    if kept.judged is None:
        raise ValueError("without its figures")
    model = Model(basis, _decoded(kept, "fitted"), shift, base_rate)
    return Taught(model, Beta(a, b), kept.judged, _decoded(kept, "probability"), _decoded(kept, "failed"))
