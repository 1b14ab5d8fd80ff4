"""`judge`: a canary configuration and points, of files."""

from pathlib import Path
from typing import Any

from ...agents.deployment_readiness.judging.kayenta_config import judge_canary
from ...agents.deployment_readiness.rollout.kayenta_stage import names_of
from ...core import jsontext
from ...core.errors import InputError
from ...core.records.rollouts.canary import JudgedCanary
from ...core.records.rollouts.kayenta import KayentaJudging

MAX_BYTES = 50_000_000
NO_POINTS: dict[str, list[float]] = {"experiment": [], "control": []}


def load_kayenta(config: Path, every_s: float | None) -> KayentaJudging:
    """How stages are to be judged, by a file.

    Raises:
        InputError: it cannot be read, or is something else.
    """
    value = _json(config)
    if not isinstance(value, dict):
        raise InputError(f"{config}: expected a canary configuration of Kayenta's, a JSON object with `metrics`")
    judging = KayentaJudging(config=value, every_s=every_s)
    try:
        judge_canary(value, [{"name": name, "values": NO_POINTS} for name in names_of(judging)])
    except InputError as error:
        raise InputError(f"{config}: {error.message}") from error
    return judging


def wanted_kayenta(config: Path | None, every_s: float | None) -> KayentaJudging | None:
    """What the command line asks for; InputError like `load_kayenta`, or an interval of nothing."""
    if config is None and every_s is not None:
        raise InputError("--judge-every is of Kayenta's judge", hint="--kayenta FILE --judge-every 1m")
    return load_kayenta(config, every_s) if config else None


def judge_files(config: Path, points: Path) -> JudgedCanary:
    """Judge what the files say.

    Raises:
        InputError: one of them cannot be read, or is something else.
    """
    return judge_canary(_json(config), _json(points))


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: more than {MAX_BYTES // 1_000_000} MB")
        return jsontext.loads(path.read_bytes(), where=str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
