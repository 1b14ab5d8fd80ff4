"""What every load tool's file must be; a new one is tested the day it is registered."""

from pathlib import PurePath

import pytest

from aqe.agents.production_intelligence.load.plan import plan_load_test
from aqe.core.records.production.load_test import LoadTest
from aqe.generators.secrets_scan import scan
from aqe.generators.table import LOAD_TARGETS, TARGETS, LoadTarget
from aqe.tests.contract.test_every_target import HOSTILE
from aqe.tests.unit.production.load_models import SHOP, a_mix, a_model

each_target = pytest.mark.parametrize("target", LOAD_TARGETS, ids=lambda target: target.name)


def a_test(*paths: str) -> LoadTest:
    mix = a_mix([*SHOP, *(("GET", path, 100) for path in paths)])
    return plan_load_test(a_model(mix=mix), duration_s=60, peak_rps=60, include_unsafe=True)


def test_names_are_unique() -> None:
    """Also among the other targets."""
    names = [*(target.name for target in LOAD_TARGETS), *(target.name for target in TARGETS)]
    assert len(set(names)) == len(names)


@each_target
def test_a_target_says_what_it_is(target: LoadTarget) -> None:
    """Name and language are lower-case words; the class explains itself; the file's name is one."""
    assert target.name.isalnum() and target.language.islower()
    assert type(target).__doc__
    name = target.file_name(a_test())
    assert PurePath(name).name == name and name.isascii() and " " not in name


@each_target
def test_the_same_test_gives_the_same_bytes(target: LoadTarget) -> None:
    """Also after a trip through JSON."""
    test = a_test()
    assert target.render(test) == target.render(LoadTest.from_json(test.to_json(), where="test"))


@each_target
def test_a_file_says_what_it_is_derived_from_and_how_to_run_and_judge_it(target: LoadTarget) -> None:
    text = target.render(a_test())
    for part in ("busiest day, 2026-01-09", "AQE_TARGET_URL", "aqe import", "Little's law", "ecorded 10 of 10,000"):
        assert part in text, part
    assert text.endswith("\n") and not text.endswith("\n\n")


@each_target
def test_hostile_paths_and_words_are_written_escaped(target: LoadTarget) -> None:
    """Nothing of them stands in the file as it came, neither in code nor in comments."""
    hostile = a_test(f"/{HOSTILE}", f"/{HOSTILE}/{{id}}").model_copy(
        update={"title": HOSTILE, "derived": HOSTILE, "notes": (HOSTILE, f"{HOSTILE}/*")}
    )
    text = target.render(hostile)
    assert text.isascii() and "\0" not in text and "\r" not in text
    assert HOSTILE not in text
    if target.language == "javascript":
        assert text.count("*/") == target.render(a_test()).count("*/")
    else:
        compile(text, "load.py", "exec")


@each_target
def test_a_harmless_file_passes_the_secrets_scan(target: LoadTarget) -> None:
    assert scan(target.render(a_test())) == ()
