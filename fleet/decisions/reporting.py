"""Reports of releases: the agent's, for the faces, and what has to be there before one."""

from pathlib import Path
from typing import Any

from ...agents.deployment_readiness.reporting.checklist import checklist_report as checklist_report
from ...agents.deployment_readiness.reporting.remediation import remediation_report as remediation_report
from ...agents.deployment_readiness.reporting.rollback_plan import rollback_report as rollback_report
from ..repository.changes import collect_changes
from ..runtime import Runtime
from ..signals import check_assessed, stored_release


async def prepare_report(runtime: Runtime, payload: dict[str, Any], folder: Path) -> None:
    """Before the task: is there a decision to report, what does git say, whom does aqe.yaml put on call.

    Raises:
        NotFoundError: the release has not been assessed.
    """
    version = payload["version"]
    await check_assessed(runtime, version)
    await collect_changes(runtime, await stored_release(runtime, version), folder)
    on_call = runtime.settings.on_call.model_dump(exclude_none=True)
    if on_call:
        payload["project"] = {"onCall": on_call}
