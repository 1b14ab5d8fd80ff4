"""What a test types where somebody typed: data of nobody, of the same shape."""

import re

# What a field is called, in selectors, labels and autocomplete tokens; the first that fits.
_FIELDS: tuple[tuple[str, str], ...] = (
    ("email", r"e-?mail"),
    ("password", r"passw|pwd|passcode"),
    ("card_code", r"cvc|cvv|csc|security.?code"),
    ("card_expiry", r"expir|cc-exp|valid.?(?:until|thru)"),
    ("card_number", r"cc-?num|card.?(?:num|no\b)"),
    ("username", r"user.?name|\blogin\b|\buser\b"),
    ("first_name", r"first.?name|given.?name|forename"),
    ("last_name", r"last.?name|family.?name|surname"),
    ("company", r"company|organi[sz]ation"),
    ("name", r"name"),
    ("phone", r"phone|\btel\b|mobile"),
    ("postcode", r"zip|post.?(?:al.?)?code|\bplz\b"),
    ("street", r"street|address"),
    ("city", r"city|town|locality"),
    ("country", r"country"),
    ("search", r"search|query|\bq\b"),
    ("date", r"date|birthday"),
)
_FIELD = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _FIELDS), re.IGNORECASE)
# Amounts and choices that lead to the recorded outcome; too short for a number that belongs to somebody.
_SMALL_NUMBER = re.compile(r"\d{1,2}")
_NUMBER = re.compile(r"[\d.,+-]+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def typed(value: str, *called: str) -> str:
    """What a test types instead of `value`.

    Small numbers stay: how many of something is no secret, and the outcome depends on it.

    >>> typed("jane@shop.example", "aria/E-mail", "#contact"), typed("3", "#quantity"), typed("77 Hill", "#x")
    ('{{user.email}}', '3', '{{user.text}}')

    Args:
        value: as recorded.
        called: what is known of the field: selectors, labels, its name.
    """
    if field := _FIELD.search(" ".join(called)):
        return f"{{{{user.{field.lastgroup}}}}}"
    if _SMALL_NUMBER.fullmatch(value):
        return value
    for pattern, name in ((_DATE, "date"), (_NUMBER, "number")):
        if pattern.fullmatch(value):
            return f"{{{{user.{name}}}}}"
    return "{{user.email}}" if "@" in value else "{{user.text}}"
