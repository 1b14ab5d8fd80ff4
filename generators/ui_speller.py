"""The script of a scenario, spelled in one of the languages that Playwright speaks."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from .derived import wrapped
from .ui_script import Answer, Call, Chain, Check, Do, Element, Form, Line, Outcome, Shown, Url, User, element_of, named


class Speller(ABC):
    """What the languages have in common; a subclass says how they differ."""

    room: ClassVar[int]
    """Characters of a line, without its indent."""
    tab: ClassVar[str]
    comment: ClassVar[str]
    wait: ClassVar[str]
    """Before what takes time."""
    end: ClassVar[str]
    """Of a statement."""
    declare: ClassVar[str]
    """Before a new variable."""
    regex: ClassVar[str]
    """What makes a regular expression of a text."""

    @abstractmethod
    def literal(self, value: object) -> str:
        """A value, see generators/literals.py."""

    @abstractmethod
    def prose(self, text: str) -> str:
        """Text for a comment."""

    @abstractmethod
    def word(self, name: str) -> str:
        """A method of Playwright."""

    @abstractmethod
    def variable(self, words: str) -> str:
        """Words joined by underscores, as a variable."""

    @abstractmethod
    def options(self, given: tuple[tuple[str, Any], ...]) -> list[str]:
        """Arguments by name."""

    @abstractmethod
    def user(self, field: str) -> str:
        """A field of the synthetic user."""

    @abstractmethod
    def answered(self, answer: Answer, action: str) -> list[str]:
        """The action, and the check of the answer that it brings about."""

    def statements(self, outcome: Outcome) -> Iterator[str]:
        """The statements of an outcome; those that do not fit in a line have several."""
        names = {element: self.variable(words) for element, words in named(outcome).items()}
        declared: set[Element] = set()
        said = ""
        for line in outcome.lines:
            element = element_of(line)
            if element in names and element not in declared:
                declared.add(element)
                yield self._declaration(names[element], [self._chain(way) for way in element.ways])
            if not isinstance(line, Do) and line.because not in ("", said):
                said = line.because
                yield from (f"{self.comment} {text}" for text in wrapped(self.prose(said), self.room - 3))
            yield from self._statement(line, names)

    def call(self, head: str, arguments: list[str], tail: str = "") -> str:
        """A statement, on one line where that fits, else one argument a line; `tail` follows the bracket."""
        flat = f"{head}({', '.join(arguments)}){tail}{self.end}"
        if len(flat) <= self.room or not arguments:
            return flat
        return "\n".join([f"{head}(", *(f"{self.tab}{argument}," for argument in arguments), f"){tail}{self.end}"])

    def _declaration(self, name: str, ways: list[str]) -> str:
        if len(ways) > 1:
            return self.call(f"{self.declare}{name} = {self.wait}found", ways)
        return f"{self.declare}{name} = {ways[0]}{self.end}"

    def _statement(self, line: Line, names: dict[Element, str]) -> list[str]:
        match line:
            case Do(element, call):
                return [self._done(element, call, names)]
            case Answer(Do(element, call)):
                return self.answered(line, self._done(element, call, names))
            case Shown(test_ids):
                return [self.call(f"{self.wait}shown", ["page", *map(self.literal, test_ids)])]
            case Check(about, call):
                subject = self._subject(about, names)
                checked = f"{self.word(call.name)}({', '.join(self._arguments(call))})"
                if subject.startswith("page."):
                    return [self.call(f"{self.wait}expect", [subject], f".{checked}")]
                head = f"{self.wait}expect({subject}).{self.word(call.name)}"
                return [self.call(head, self._arguments(call))]

    def _done(self, element: Element | None, call: Call, names: dict[Element, str]) -> str:
        if call.name == "submit":
            return self.call(f"{self.wait}submit", [self._subject(element, names), "user"])
        return self.call(f"{self.wait}{self._subject(element, names)}.{self.word(call.name)}", self._arguments(call))

    def _subject(self, about: Element | Chain | None, names: dict[Element, str]) -> str:
        match about:
            case None:
                return "page"
            case Element():
                return names.get(about) or self._chain(about.ways[0])
            case _:
                return self._chain(about)

    def _chain(self, calls: Chain) -> str:
        return "page" + "".join(self.link(call) for call in calls)

    def link(self, call: Call) -> str:
        """A call in a chain."""
        return f".{self.word(call.name)}({', '.join(self._arguments(call))})"

    def _arguments(self, call: Call) -> list[str]:
        return [*map(self._value, call.args), *self.options(call.options)]

    def _value(self, value: object) -> str:
        match value:
            case Url(path):
                return f"url({self.literal(path)})"
            case Form(pattern):
                return f"{self.regex}({self.literal(pattern)})"
            case User(field):
                return self.user(field)
            case _:
                return self.literal(value)
