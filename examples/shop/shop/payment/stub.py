"""A payment service to develop and test against: test cards, an adjustable delay, and no money.

    python -m shop.payment --port 8082 --delay-ms 200

The card's number decides, as with the test cards of real services.
"""

import argparse
import contextlib
import json
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from uuid import uuid4

from ..config import listen_port

DECLINED = {
    "4000000000000002": "declined by the bank",
    "4000000000009995": "insufficient funds",
    "4000000000000069": "expired card",
}

# A card that the service takes so many seconds over, longer than any caller should wait.
SLOW_CARD = "4000000000000077"
SLOW_S = 30.0

# How often the server looks whether it should end.
POLL_S = 0.01


class PaymentStub:
    """The service on a free port of this machine, or on `port`; a context manager that serves while it is entered.

    Args:
        port: 0 takes a free one.
        delay_ms: how long each answer takes.
    """

    def __init__(self, port: int = 0, delay_ms: float = 0) -> None:
        self.delay_ms = delay_ms
        self.payments: dict[str, dict[str, Any]] = {}
        self._by_key: dict[str, str] = {}
        self._lock = threading.Lock()
        self._leaving = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (_Handler,), {"stub": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "PaymentStub":
        """Begin to serve, on a thread."""
        threading.Thread(target=self._server.serve_forever, args=(POLL_S,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End, whoever waits included."""
        self._leaving.set()
        self._server.shutdown()
        self._server.server_close()

    def pay(self, request: dict[str, Any], key: str) -> tuple[int, dict[str, str]]:
        """Status and body for a payment; the same key gets the same payment."""
        number = str(request["card"]["number"] or "")
        if not number:
            raise ValueError("a card without a number")
        # Waits instead of sleeping, so that the end of the service is not kept waiting.
        self._leaving.wait(self.delay_ms / 1000 + (SLOW_S if number == SLOW_CARD else 0))
        if number in DECLINED:
            return 402, {"error": DECLINED[number]}
        with self._lock:
            payment_id = self._by_key.setdefault(key or uuid4().hex, uuid4().hex)
            self.payments.setdefault(payment_id, {"amount_cents": request["amount_cents"], "voided": False})
        return 201, {"id": payment_id}

    def void(self, payment_id: str) -> int:
        """Status for a void."""
        if payment_id not in self.payments:
            return 404
        self.payments[payment_id]["voided"] = True
        return 204


class _Handler(BaseHTTPRequestHandler):
    stub: PaymentStub
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, answer = self.stub.pay(json.loads(body), self.headers.get("Idempotency-Key", ""))
        except (ValueError, KeyError, TypeError):
            status, answer = 400, {"error": 'expected {"amount_cents", "card": {"number"}}'}
        self._answer(status, json.dumps(answer).encode())

    def do_DELETE(self) -> None:
        self._answer(self.stub.void(self.path.rsplit("/", 1)[-1]))

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        # Whoever asked may have given up waiting, which is the point of a slow answer.
        with contextlib.suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: whoever wants a log puts a proxy in front."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; the one line on stdout says where."""
    parser = argparse.ArgumentParser(prog="shop.payment", description="A stub of a payment service.")
    parser.add_argument("--port", type=listen_port, default=8082, help="0 picks a free port")
    parser.add_argument("--delay-ms", type=float, default=0)
    flags = parser.parse_args(argv)
    try:
        stub = PaymentStub(flags.port, flags.delay_ms)
    except OSError as error:
        print(f"shop.payment: can not listen on 127.0.0.1:{flags.port}: {error.strerror}", file=sys.stderr)
        return 2
    with stub:
        print(f"listening on {stub.url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0
