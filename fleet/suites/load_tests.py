"""A model of recorded load as a load test in a user's folder."""

from pathlib import Path

from ...agents.production_intelligence.load.plan import plan_load_test
from ...core.records.production.load import LoadModel
from ...core.records.production.load_test import LoadTest
from ...core.registry import by_name
from ...generators.table import LOAD_TARGETS
from .generated_tests import WrittenTest, written_test


def write_load_test(
    model: LoadModel, folder: Path, *, target: str, duration_s: float, peak_rps: float | None, include_unsafe: bool
) -> tuple[WrittenTest, LoadTest]:
    """Write one load test.

    Args:
        target: a name in generators/table.LOAD_TARGETS.
        duration_s, peak_rps, include_unsafe: see plan_load_test.

    Returns:
        The file, or why it is not written, and what it does.

    Raises:
        InputError: no such target, or nothing can be asked for.
    """
    renderer = by_name(LOAD_TARGETS, target, "load tool")
    test = plan_load_test(model, duration_s=duration_s, peak_rps=peak_rps, include_unsafe=include_unsafe)
    return written_test(folder / renderer.file_name(test), renderer.render(test)), test
