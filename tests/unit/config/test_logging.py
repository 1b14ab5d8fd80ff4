"""What reaches the log."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from aqe.config.logging import set_up_logging
from aqe.config.settings import load_settings
from aqe.core.log import Logger


@pytest.fixture(autouse=True)
def _untouched_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("aqe.core.log._set_up_later", None)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def log_to(tmp_path: Path, **flags: str) -> io.StringIO:
    stream = io.StringIO()
    set_up_logging(load_settings(flags, {}, tmp_path), stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_those_of_libraries_come_out_alike(tmp_path: Path) -> None:
    stream = log_to(tmp_path, log_format="json")
    Logger("aqe.bus").info("ours", count=2)
    logging.getLogger("library").warning("%s", "theirs")

    ours, theirs = lines(stream)
    assert (ours["event"], ours["level"], ours["logger"], ours["count"]) == ("ours", "info", "aqe.bus", 2)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("theirs", "warning", "library")


def test_the_level_holds_for_both(tmp_path: Path) -> None:
    stream = log_to(tmp_path, log_format="json", log_level="warning")
    Logger("aqe").info("no")
    logging.getLogger("library").info("no")
    assert lines(stream) == []


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_is_logged(tmp_path: Path, form: str) -> None:
    stream = log_to(tmp_path, log_format=form)
    log = Logger("aqe")
    log.info(
        "connected", url="redis://:geheim@h", password="geheim", nested={"token": "geheim", "a": ["x://:geheim@h"]}
    )
    logging.getLogger("library").warning("to %s", "redis://:geheim@h", extra={"api_key": "geheim"})
    try:
        raise ConnectionError("redis://:geheim@h")
    except ConnectionError as error:
        log.exception("failed", error=error)

    assert "geheim" not in stream.getvalue()
    assert "ConnectionError" in stream.getvalue()


def test_colours_are_for_terminals_only(tmp_path: Path) -> None:
    stream = log_to(tmp_path)
    Logger("aqe").error("plain")
    assert "\x1b" not in stream.getvalue()


def test_setting_up_again_replaces(tmp_path: Path) -> None:
    first = log_to(tmp_path)
    second = log_to(tmp_path, log_format="json")
    Logger("aqe").info("once")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1
