"""What a customer types to buy something: an address and a card, checked field by field."""

import re
from collections.abc import Callable, Mapping
from datetime import date

from .errors import InvalidFields
from .payment.gateway import Card

# Where we deliver.
COUNTRIES = {"AT": "Austria", "BE": "Belgium", "DE": "Germany", "FR": "France", "IT": "Italy", "NL": "Netherlands"}

# Longest address field, in characters: what fits on a label.
MAX_FIELD = 80

# Characters that have no place on a label; a null byte is what PostgreSQL does not store either.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _line(what: str) -> Callable[[str], str | None]:
    def problem(value: str) -> str | None:
        if not value:
            return f"Enter {what}."
        if len(value) > MAX_FIELD or _UNPRINTABLE.search(value):
            return f"Use {MAX_FIELD} characters at most, on one line."
        return None

    return problem


def _postcode(value: str) -> str | None:
    return (
        None if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 -]{2,9}", value) else "Enter a postcode, such as 1010 or 1011 AB."
    )


def _country(value: str) -> str | None:
    return None if value in COUNTRIES else "Choose a country we deliver to."


def _number(value: str) -> str | None:
    digits = _digits(value)
    if not re.fullmatch(r"[0-9]{12,19}", digits):
        return "Enter the 12 to 19 digits of the card number."
    return None if luhn(digits) else "This is not a card number: check for a mistyped digit."


def _cvc(value: str) -> str | None:
    return None if re.fullmatch(r"[0-9]{3,4}", value) else "Enter the 3 or 4 digits of the security code."


def _digits(value: str) -> str:
    return value.replace(" ", "").replace("-", "")


def luhn(digits: str) -> bool:
    """Whether the last digit is the checksum of the others (ISO/IEC 7812-1).

    >>> luhn("4242424242424242"), luhn("4242424242424241")
    (True, False)
    """
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def expiry_problem(value: str, today: date) -> str | None:
    """What is wrong with an expiry date MM/YY; a card holds until the last day of its month."""
    match = re.fullmatch(r"(0[1-9]|1[0-2])/([0-9]{2})", value)
    if match is None:
        return "Enter month and year as MM/YY."
    expires = (2000 + int(match[2]), int(match[1]))
    return "This card has expired." if expires < (today.year, today.month) else None


# The fields in the order of the form.
ADDRESS_FIELDS: Mapping[str, Callable[[str], str | None]] = {
    "name": _line("a name"),
    "street": _line("a street and number"),
    "postcode": _postcode,
    "city": _line("a city"),
    "country": _country,
}
CARD_FIELDS: Mapping[str, Callable[[str], str | None]] = {"number": _number, "cvc": _cvc}
FIELDS = (*ADDRESS_FIELDS, "number", "expires", "cvc")


def check(fields: Mapping[str, str], today: date) -> None:
    """Check all fields, so that a customer corrects them in one go.

    Raises:
        InvalidFields: some are missing or wrong, with a message for each.
    """
    given = {name: fields.get(name, "").strip() for name in FIELDS}
    problems = {name: checked(given[name]) for name, checked in {**ADDRESS_FIELDS, **CARD_FIELDS}.items()}
    problems["expires"] = expiry_problem(given["expires"], today)
    if any(problems.values()):
        raise InvalidFields({name: problem for name, problem in problems.items() if problem})


def address_line(fields: Mapping[str, str]) -> str:
    """The address of checked fields, in one line."""
    name, street, postcode, city, country = (fields[name].strip() for name in ADDRESS_FIELDS)
    return f"{name}, {street}, {postcode} {city}, {COUNTRIES[country]}"


def card(fields: Mapping[str, str]) -> Card:
    """The card of checked fields."""
    return Card(_digits(fields["number"]), fields["expires"].strip(), fields["cvc"].strip())
