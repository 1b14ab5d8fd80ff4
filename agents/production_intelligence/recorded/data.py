"""What a test brings along in the place of what redaction took out: made up, or known to the service.

How the service answered decides. A password that opened something must be known to it; one that never did is as good as
any other; a card that was refused for itself (402) must be such a card again. Numbers of cards that were accepted are
made up: providers publish one for tests.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from ....analysis.texts.json_shape import leaves
from ....core.records.production.scenarios import Datum
from .exchanges import MISSING, REDACTED, Exchange

_CARD, _CARD_CODE = "card", "card_code"
_CARD_CODES = frozenset({"cvc", "cvv", "cvv2", "cvc2", "csc", "security_code", "card_code"})
_CREATED = 201
# Wrong in form, unknown: whatever is made up is refused the same way.
_ANYTHING_IS_REFUSED = frozenset({400, 401, 404, 422})
_UNAUTHORIZED = 401


class Role(NamedTuple):
    """What a redacted value was to the service."""

    name: str
    """For the reader: `password`, `wrong_password`, `card_refused_402`."""
    kind: str
    given: bool

    def datum(self, placeholder: str) -> Datum:
        """Under the name that it has in a flow."""
        return Datum(name=placeholder, kind=self.kind, given=self.given)


def roles(recorded: Sequence[Exchange]) -> dict[str, Role]:
    """Pseudonym, whole, -> its role in all of the recording."""
    nouns: dict[str, str] = {}
    answered: dict[str, list[int]] = defaultdict(list)
    for exchange in recorded:
        for noun, text in _redacted(exchange):
            nouns.setdefault(text, noun)
            answered[text].append(exchange.status)
    return {text: _role(text, noun, answered[text]) for text, noun in nouns.items()}


def _role(text: str, noun: str, answered: Sequence[int]) -> Role:
    match = REDACTED.fullmatch(text)
    kind = match[1] if match else ""
    if noun.lower() in _CARD_CODES:
        kind = _CARD_CODE
    name = kind if kind in (_CARD, _CARD_CODE) else noun or kind
    accepted = [status for status in answered if status < 400]
    if accepted:
        # Whoever registers is new each time; what was taken twice was there before.
        created = accepted[0] == _CREATED and accepted.count(_CREATED) == 1
        return Role(name, kind, given=not created and kind not in (_CARD, _CARD_CODE))
    if set(answered) <= _ANYTHING_IS_REFUSED:
        return Role(f"wrong_{name}" if _UNAUTHORIZED in answered else name, kind, given=False)
    status = min(status for status in answered if status not in _ANYTHING_IS_REFUSED)
    return Role(f"{name}_refused_{status}", kind, given=True)


def _redacted(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Noun and text of each redacted value that was sent."""
    body: Any = exchange.body
    told: list[tuple[str, Any]] = parse_qsl(exchange.path.partition("?")[2])
    if isinstance(body, str) and "form" in exchange.request_type:
        told += parse_qsl(body)
    elif body is not MISSING and not isinstance(body, str):
        told += [(next((p for p in reversed(path) if isinstance(p, str)), ""), value) for path, value in leaves(body)]
    for noun, value in told:
        if isinstance(value, str) and REDACTED.fullmatch(value):
            yield noun, value
