"""Values of memory that know where they stand, so that a report's numbers can be followed back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.errors import InputError
from ..core.numbers import value_text
from ..core.records.base import Record
from ..core.records.report import Line, Origin, Tone, Value, Words

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Stored:
    """A JSON value in memory, or a part of one; `None` where nothing stands.

    Args:
        key: where the whole value is stored.
        value: this part.
        path: of this part in the whole: `gates.0.status`.
        missing: why there is nothing, where there is nothing.
    """

    key: str
    value: Any
    path: str = ""
    missing: str = ""

    def __getitem__(self, name: str | int) -> "Stored":
        """A part, by its name in JSON or its index; one that is not there is a Stored None."""
        inside = self.value
        if isinstance(inside, dict):
            part = inside.get(str(name))
        else:
            part = inside[name] if isinstance(inside, list) and isinstance(name, int) and name < len(inside) else None
        return Stored(self.key, part, f"{self.path}.{name}".lstrip("."), self.missing)

    def __iter__(self) -> Iterator["Stored"]:
        """The items of a list; none of anything else."""
        return (self[index] for index in range(len(self.value) if isinstance(self.value, list) else 0))

    def __bool__(self) -> bool:
        """Whether there is something: not None, not an empty list."""
        return self.value is not None and self.value != [] and self.value != {}

    @property
    def origin(self) -> Origin:
        """Where it stands."""
        return Origin(key=self.key, field=self.path)

    def say(
        self, text: Callable[[Any], str] | str | None = None, *, tone: Tone | None = None, reason: str = ""
    ) -> Value:
        """The value in print.

        Args:
            text: how it reads, or what makes its text of it; None = `value_text`.
            tone: set for verdicts.
            reason: why it is missing, where nothing else says so.
        """
        # A list or an object where one value is expected: another program wrote it.
        if self.value is None or isinstance(self.value, list | dict):
            why = reason or self.missing or f"{self.key} does not say"
            return Value(text=NOT_MEASURED, value=None, reason=why, origins=(self.origin,) if self.key else ())
        shown = text if isinstance(text, str) else (text or value_text)(self.value)
        return Value(text=shown, value=self.value, origins=(self.origin,), tone=tone)

    def or_missing(self, reason: str) -> "Stored":
        """The same; where there is nothing, this is why."""
        return replace(self, missing=reason)

    def why(self, reason: str = "") -> Line:
        """The value in print, or that it is missing, and why."""
        value = self.say(reason=reason)
        return (value,) if value.value is not None else (value, ": ", value.model_copy(update={"text": value.reason}))


@dataclass(frozen=True)
class Shelf:
    """What was loaded for a report.

    Args:
        records: memory key -> JSON value; `aqe.yaml` -> what the project says of itself.
    """

    records: Mapping[str, Any]

    def get(self, key: str, model: type[Record] | None = None, *, missing: str = "") -> Stored:
        """The value at a key, if there is one that its model can read.

        Args:
            model: what has to stand there; None = anything.
            missing: why it may not be there, and what supplies it.
        """
        value = self.records.get(key)
        if value is not None and model is not None:
            try:
                model.from_value(value, where=key)
            except InputError as error:
                return Stored(key, None, missing=str(error))
        return Stored(key, value, missing=missing or f"nothing is stored at {key}")


def counted(number: int, origins: Iterable[Stored], what: str = "count", *, tone: Tone | None = None) -> Value:
    """A number of things that were found, with the places where they were found or looked for."""
    places = tuple(stored.origin for stored in origins)
    return Value(text=str(number), value=number, origins=places, computed=what, tone=tone)


def quoted(text: str, *origins: Origin) -> Value:
    """Words that are not ours alone: they may hold numbers of the record they come from."""
    return Value(text=text, value=text, origins=origins, computed="quotation")


def joined(values: Iterable[Value], between: Words = ", ") -> Line:
    """Values one after the other."""
    line: list[Words | Value] = []
    for value in values:
        line += [between, value] if line else [value]
    return tuple(line)
