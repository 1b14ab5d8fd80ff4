"""`judge`: a canary configuration and points, of files."""

from pathlib import Path
from typing import Any

from ..agents.deployment_readiness.judging.kayenta_config import judge_canary
from ..core import jsontext
from ..core.errors import InputError
from ..core.records.canary import JudgedCanary

MAX_BYTES = 50_000_000


def judge_files(config: Path, points: Path) -> JudgedCanary:
    """Judge what the files say.

    Raises:
        InputError: one of them cannot be read, or is something else.
    """
    return judge_canary(_json(config), _json(points))


def _json(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: more than {MAX_BYTES // 1_000_000} MB")
    return jsontext.loads(path.read_bytes(), where=str(path))
