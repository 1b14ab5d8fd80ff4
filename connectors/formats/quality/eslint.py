"""ESLint's JSON (`-f json`): a list of files with their messages.

Messages are counted, not the counters beside them. Severity 2 is an error, 1 a warning. A message that is `fatal` means
that the file could not be parsed, so nothing in it was checked: when that is so for all files, ESLint failed. What a
comment suppresses stands apart.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat
from ..issues import METRICS, Issues, Level
from ..shapes import Listed, Shape, dict_at, first_of, shaped_list


class _Message(Shape):
    severity: int
    rule_id: Any = None
    message: Any = None
    line: Any = None
    fatal: bool = False


class _File(Shape):
    messages: Listed[_Message]
    file_path: Any = None
    error_count: int = 0
    warning_count: int = 0


class EslintJson(JsonFormat):
    """ESLint JSON -> code-quality."""

    name = "eslint-json"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value,)
    documents = (list,)
    about = About(
        title="ESLint report, JSON",
        producers="ESLint, oxlint, Biome converters",
        versions="ESLint 1 to 10",
        recognised_by="a list whose first has `filePath` and `messages`",
        fields="`messages` severity, fatal, ruleId, message, line",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="eslint -f json -o eslint.json .",
    )

    def recognises(self, head: Head) -> bool:
        """By the first file."""
        return isinstance(head.json, list) and {"filePath", "messages"} <= dict_at(first_of(head.json)).keys()

    def read(self, document: Any) -> Parsed:
        """Count the messages."""
        files = shaped_list(_File, document, self.about.title)
        if not files:
            return Parsed(Outcome.NOT_MEASURED, reason="no file was linted")
        issues = Issues("eslint")
        unparsed = sum(any(message.fatal for message in file.messages) for file in files)
        if unparsed == len(files):
            return Parsed(Outcome.TOOL_FAILED, reason=f"ESLint could not parse any of {unparsed} files")
        for file in files:
            for message in file.messages:
                level: Level = "major" if message.severity >= 2 else "minor"
                rule = message.rule_id or "(parse error)"
                issues.add(level, rule=rule, message=message.message, file=file.file_path, line=message.line)
        notes = (f"files that ESLint could not parse: {unparsed}",) if unparsed else ()
        said = sum(file.error_count + file.warning_count for file in files)
        if said != issues.count:
            notes = (*notes, f"the counters say {said} messages, the files hold {issues.count}: these count")
        return issues.parsed(notes=notes)
