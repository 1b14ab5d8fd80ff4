"""Takes money from cards: what the shop needs of a payment service, and the client of the one it has.

The service speaks JSON: `POST /payments {"amount_cents", "currency", "card": {"number", "expires", "cvc"}}` with an
`Idempotency-Key`, answered by 201 `{"id"}` or 402 `{"error"}`; `DELETE /payments/<id>` gives the money back, 204.
"""

import http.client
import json
from dataclasses import asdict, dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..errors import PaymentDeclined, PaymentUnavailable


@dataclass(frozen=True)
class Card:
    """A card as its owner typed it, checked for form. It is sent on, and neither stored nor logged.

    `expires` is MM/YY.
    """

    number: str
    expires: str
    cvc: str

    def __repr__(self) -> str:
        """Without the number, should it ever reach a log."""
        return f"Card(…{self.last4})"

    @property
    def last4(self) -> str:
        """What may be shown and kept."""
        return self.number[-4:]


class Gateway(Protocol):
    """A payment service."""

    def charge(self, amount_cents: int, card: Card, *, key: str) -> str:
        """Take the amount from the card; the payment's id. A repeated call with the same `key` charges nothing more.

        Raises:
            PaymentDeclined: the card is not good for it.
            PaymentUnavailable: no answer in time; whether money was taken is unknown until the call is repeated.
        """

    def void(self, payment_id: str) -> None:
        """Give the money back.

        Raises:
            PaymentUnavailable: no answer in time.
        """


class HttpGateway:
    """The payment service at `url`, `http://HOST:PORT`; each call waits `timeout_s` seconds at most for each byte."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._address = urlsplit(url).netloc
        self._timeout_s = timeout_s

    def charge(self, amount_cents: int, card: Card, *, key: str) -> str:
        """See `Gateway`."""
        body = {"amount_cents": amount_cents, "currency": "EUR", "card": asdict(card)}
        status, answer = self._call("POST", "/payments", body, key)
        if status == 402:
            raise PaymentDeclined(f"the card was declined: {answer['error']}")
        if status != 201:
            raise PaymentUnavailable(f"the payment service answered {status}")
        return str(answer["id"])

    def void(self, payment_id: str) -> None:
        """See `Gateway`."""
        status, _ = self._call("DELETE", f"/payments/{payment_id}")
        if status != 204:
            raise PaymentUnavailable(f"the payment service answered {status}")

    def _call(self, method: str, path: str, body: object = None, key: str = "") -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self._address, timeout=self._timeout_s)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except TimeoutError as error:
            raise PaymentUnavailable("the payment service did not answer in time") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise PaymentUnavailable("the payment service did not answer as agreed") from error
        finally:
            connection.close()
