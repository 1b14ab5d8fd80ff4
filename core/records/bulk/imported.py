"""What is imported as single records: each at a key of its own, or as an item of a history."""

from ..base import Record
from ..decisions.history import DeploymentOutcome
from .incidents import Incident
from .kinds import DEPLOYMENTS, FLOWS, INCIDENTS
from .recordings import UserFlow

IMPORTED_RECORDS: dict[str, type[Record]] = {INCIDENTS: Incident, FLOWS: UserFlow, DEPLOYMENTS: DeploymentOutcome}
"""Kind -> its record."""
