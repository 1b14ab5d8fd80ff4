"""What was learnt of the deployment history, kept so that the next process need not learn it again.

Everything in it follows from the history; to delete it costs one slower assessment.
"""

from typing import Final, Literal

from pydantic import Field

from ..base import Record
from .calibration import Calibration

LEARNT_FORMAT: Final = 1
"""Raise it whenever the models or their numbers change: what another version learnt is then not believed."""


class KeptModel(Record):
    """The numbers of one model.

    Args:
        digest: SHA-256 of everything it was learnt from, to the last bit: it is used for that and nothing else, so a
            history that was rewritten, or has grown, is noticed.
        arrays: name -> base64 of 64-bit floats, little-endian, row by row.
    """

    digest: str
    arrays: dict[str, str] = Field(default_factory=dict)
    judged: Calibration | None = None


class Learnt(Record):
    """Both models of one environment; None = not learnt yet."""

    format: Literal[1] = LEARNT_FORMAT
    prediction: KeptModel | None = None
    confidence: KeptModel | None = None
