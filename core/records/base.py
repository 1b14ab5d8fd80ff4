"""What all records share: frozen, no unknown fields, camelCase in JSON."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from .. import jsontext
from ..errors import InputError


class Record(BaseModel):
    """A value that travels: through a memory key, an event, a file or `--json`.

    Python and YAML write snake_case, JSON camelCase; both are read.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        ser_json_inf_nan="null",
        # Built when first used: a command uses few of the records that it imports.
        defer_build=True,
    )

    def to_json(self) -> str:
        """Compact camelCase JSON text."""
        return self.model_dump_json(by_alias=True)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict with camelCase keys; times as ISO text."""
        return self.model_dump(mode="json", by_alias=True)

    def canonical_without(self, field: str) -> bytes:
        """The canonical JSON of all fields but one: what the hash or signature in that one covers."""
        return jsontext.canonical({name: value for name, value in self.to_dict().items() if name != field})

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str) -> Self:
        """Read from JSON text.

        Args:
            text: the JSON.
            where: file or key, for the error line.

        Raises:
            InputError: the first thing that does not fit, with its path inside the document.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _input_error(error, where) from error

    @classmethod
    def from_value(cls, value: object, *, where: str) -> Self:
        """Read from a parsed JSON or YAML value; raises like `from_json`."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise _input_error(error, where) from error


def encode(value: object) -> str:
    """JSON text of a record or of a plain JSON value; lists and dicts may hold records."""
    if isinstance(value, Record):
        return value.to_json()
    return jsontext.dumps(_plain(value))


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _input_error(error: ValidationError, where: str) -> InputError:
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "document"
    shown = repr(first.get("input"))
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InputError(f"{where}: {path} is {shown[:80]}: {first['msg']}{more}")
