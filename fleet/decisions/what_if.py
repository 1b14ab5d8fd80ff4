"""A file of assumptions for `aqe deploy assess --what-if`."""

import sys
from pathlib import Path

from ...config.yamlfile import MAX_CHARACTERS, load_yaml
from ...core.errors import InputError
from ...core.records.decisions.what_if import WhatIf
from ...core.records.signals import SIGNAL_METRICS, SignalKind, camel_keys


def read_what_if(file: str) -> WhatIf:
    """The assumptions in a YAML or JSON file: signal kind -> metric -> value, null for "not measured".

    Args:
        file: its name; `-` = standard input.

    Raises:
        InputError: the file cannot be read, or names the first thing in it that does not fit, with its line.
    """
    where = "standard input" if file == "-" else file
    doc = load_yaml(_text(file, where), where=where)
    kinds = doc.mapping((), [kind.value for kind in SignalKind])
    if not kinds:
        raise InputError(f"{where}: nothing is assumed in it", hint="test-coverage: {lineCoveragePercent: 91}")
    for kind in kinds:
        names = SIGNAL_METRICS[SignalKind(kind)].model_fields
        doc.mapping((kind,), [*camel_keys(dict(names)), *names])
    return doc.read(WhatIf, {"signals": kinds})


def _text(file: str, where: str) -> str:
    try:
        if file == "-":
            return sys.stdin.read(MAX_CHARACTERS + 1)
        with Path(file).open(encoding="utf-8-sig") as stream:
            return stream.read(MAX_CHARACTERS + 1)
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 text: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise InputError(f"{where}: {error.strerror}") from error
