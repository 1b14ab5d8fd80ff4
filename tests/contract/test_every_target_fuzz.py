"""Hostile production through every target, a little of `make fuzz-tests`."""

import pytest

from aqe.tests.contract.fuzzing_tests import KINDS, WAYS, judge, made_of, python_shape
from aqe.tests.contract.hostile_production import Made

pytestmark = pytest.mark.xdist_group("npm")


def test_no_data_of_production_becomes_code_or_leaks_a_secret_in_any_target() -> None:
    """All targets are reached; what the scripts are is asked of a real parser."""
    made: list[Made] = []
    for kind, rounds in {**dict.fromkeys(KINDS, 6), "sessions": WAYS}.items():
        made += made_of(kind, rounds, seed=3)
    assert set(judge(made)) == {"pytest", "jest", "playwright", "pytest-playwright", "k6", "locust", "replay"}


def test_code_from_data_would_be_seen() -> None:
    """The comparison can fail."""
    assert python_shape('x = "a"\nassert x') == python_shape('y = "b;c"\nassert y')
    assert python_shape('x = "a"') != python_shape('x = "a"; import os')
    assert python_shape("expect(a)") != python_shape("expect = a")
