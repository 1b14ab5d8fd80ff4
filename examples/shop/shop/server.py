"""One shop process: settings, payment stub, app, waitress."""

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType

from waitress.server import create_server

from .app import create_app
from .config import Settings, load_settings
from .db import errors
from .errors import StartError
from .payment.stub import PaymentStub

log = logging.getLogger(__name__)

EXIT_STOPPED = 0
EXIT_CAN_NOT_START = 2


def _listen(settings: Settings) -> socket.socket:
    # Bound here and not by waitress: for a name with several addresses it would take several ports when asked for 0.
    try:
        return socket.create_server((settings.host, settings.port))
    except OSError as error:
        raise StartError(f"can not listen on {settings.host}:{settings.port}: {error.strerror}") from error


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # waitress ends its loop on SystemExit, and lets its threads finish what they do.
    sys.exit(EXIT_STOPPED)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code.

    Prints `listening on http://HOST:PORT` on stdout once requests are answered, and nothing else there.
    """
    settings = load_settings(sys.argv[1:] if argv is None else argv, os.environ)
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.ExitStack() as stack:
        if not settings.payment_url:
            stub = stack.enter_context(PaymentStub(delay_ms=settings.payment_delay_ms))
            settings = replace(settings, payment_url=stub.url)
        return _serve(settings)


def _serve(settings: Settings) -> int:
    try:
        app = create_app(settings)
        listener = _listen(settings)
    except (*errors(), StartError, OSError) as error:  # type: ignore[misc] # mypy does not see into the star
        print(f"shop: {str(error).strip()}", file=sys.stderr)
        return EXIT_CAN_NOT_START
    server = create_server(app, sockets=[listener], threads=settings.threads, ident="shop")
    port = listener.getsockname()[1]
    log.info("release %s listens on port %d, pricing %s", settings.release, port, settings.pricing)
    print(f"listening on http://{settings.host}:{port}", flush=True)
    server.run()
    server.close()
    log.info("stopped")
    return EXIT_STOPPED
