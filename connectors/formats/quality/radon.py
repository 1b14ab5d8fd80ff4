"""radon's JSON: cyclomatic complexity (`cc`) and maintainability index (`mi`).

Of `cc` functions and methods count: a class repeats its methods, and a function's number includes its closures. The
maintainability index of a project is the mean of its files. A file that radon could not parse has an `error`. Raw
counts (`raw`) and Halstead's numbers (`hal`) decide nothing here, so they are refused rather than read as nothing.
"""

from heapq import nsmallest
from typing import Any

from pydantic import FiniteFloat

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MAX_FINDINGS, Outcome, SignalKind, SignalPart
from ..complexity import METRICS, Complexities
from ..documents import JsonFormat, clean, finding
from ..shapes import SnakeShape, dict_at, first_of, shaped, shaped_list

_WHAT = "radon"
_HARD = 20
"""radon's bound for rank A of the maintainability index."""


class _Block(SnakeShape):
    type: str
    complexity: FiniteFloat
    name: Any = None
    classname: Any = None
    lineno: Any = None


class _Index(SnakeShape):
    mi: FiniteFloat


class Radon(JsonFormat):
    """radon -> code-quality."""

    name = "radon-json"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value,)
    about = About(
        title="radon report (cc or mi), JSON",
        producers="radon",
        versions="radon 2 to 6",
        recognised_by="files with blocks of `complexity` and `rank`, or with `mi` and `rank`",
        fields="`complexity`, `type`, `name` of functions and methods; `mi` of files; `error`",
        metrics=(*METRICS, "maintainability_index"),
        sample=Sample.REAL,
        how_to_export="radon cc -j -O radon-cc.json SRC; radon mi -j -O radon-mi.json SRC",
    )

    def recognises(self, head: Head) -> bool:
        """By the first file that could be parsed."""
        files = dict_at(head.json).values()
        known = next((file for file in files if dict_at(file).keys() != {"error"} and file != []), None)
        block = dict_at(first_of(known)) if isinstance(known, list) else dict_at(known)
        kinds = ({"complexity", "rank", "lineno"}, {"mi", "rank"}, {"lloc", "sloc"}, {"total", "functions"})
        return any(kind <= block.keys() for kind in kinds) and "path" not in head.json_keys

    def read(self, document: Any) -> Parsed:
        """Read what kind of report it is."""
        files = {path: file for path, file in document.items() if dict_at(file).keys() != {"error"}}
        broken = len(document) - len(files)
        notes = (f"files that radon could not parse: {broken}",) if broken else ()
        if broken and not files:
            return Parsed(Outcome.TOOL_FAILED, reason=f"radon could not parse any of {broken} files")
        if not files:
            return Parsed(Outcome.NOT_MEASURED, reason="no file in the report")
        if all(isinstance(file, list) for file in files.values()):
            return _complexity(files, notes)
        if all("mi" in dict_at(file) for file in files.values()):
            return _maintainability(files, notes)
        raise InputError(f"{_WHAT}: neither complexity nor maintainability index", hint="export radon cc -j or mi -j")


def _complexity(files: dict[str, Any], notes: tuple[str, ...]) -> Parsed:
    functions = Complexities("radon")
    for path, blocks in files.items():
        for block in shaped_list(_Block, blocks, _WHAT):
            if block.type != "class":
                name = f"{clean(block.classname)}.{clean(block.name)}" if block.classname else clean(block.name)
                functions.add(name, block.complexity, file=path, line=block.lineno)
    return functions.parsed(notes)


def _maintainability(files: dict[str, Any], notes: tuple[str, ...]) -> Parsed:
    indices = {path: shaped(_Index, file, _WHAT).mi for path, file in files.items()}
    if not all(0 <= index <= 100 for index in indices.values()):
        raise InputError(f"{_WHAT}: a maintainability index is not between 0 and 100")
    hard = nsmallest(MAX_FINDINGS, ((index, path) for path, index in indices.items() if index < _HARD))
    part = SignalPart(
        tool="radon",
        outcome=Outcome.VALUE,
        metrics={"maintainability_index": sum(indices.values()) / len(indices)},
        findings=tuple(finding("maintainability", f"index {index:.1f}", "low index", path) for index, path in hard),
    )
    return Parsed(Outcome.VALUE, signals=((SignalKind.CODE_QUALITY, part),), notes=notes)
