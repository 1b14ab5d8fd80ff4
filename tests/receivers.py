"""Receivers of messages, for tests: a web server and a mail server on this machine that keep what they are sent."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.client import parse_headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller

from aqe.benchmarks.servers.nodes import free_port


@dataclass
class WebReceiver:
    """What was posted.

    Args:
        port: on 127.0.0.1.
        answers: statuses to answer with, in turn; then 202.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    posted: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def web_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a web server that answers so, as long as the block lasts; it writes no log."""
    quiet = type("Quiet", (handler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def web_receiver(*answers: int) -> Iterator[WebReceiver]:
    """One that listens."""
    receiver = WebReceiver(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.types.append(self.headers["Content-Type"])
            receiver.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 202)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

    with web_server(Handler) as url:
        receiver.port = int(url.rpartition(":")[2])
        yield receiver


@dataclass
class Trickler:
    """Takes a message and answers with a header that never ends.

    Args:
        url: of it.
        taken: bodies.
        left: set once a sender has hung up.
    """

    url: str
    taken: list[bytes] = field(default_factory=list)
    left: Event = field(default_factory=Event)


@contextmanager
def trickler(every_s: float = 0.01) -> Iterator[Trickler]:
    """One that listens, and sends a byte as often as this; hangs up at the end."""
    over = Event()
    threads = []

    def answer(sender: socket.socket) -> None:
        with sender:
            with sender.makefile("rb") as sent:
                sent.readline()
                length = int(parse_headers(sent)["Content-Length"] or 0)
                receiver.taken.append(sent.read(length))
            with suppress(OSError):
                sender.sendall(b"HTTP/1.1 202 Accepted\r\nX: ")
                while not over.wait(every_s):
                    sender.sendall(b"x")
            receiver.left.set()

    def listen() -> None:
        with suppress(OSError):
            while True:
                threads.append(Thread(target=answer, args=(server.accept()[0],)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = Trickler(f"http://127.0.0.1:{server.getsockname()[1]}/hook")
        listening = Thread(target=listen)
        listening.start()
        try:
            yield receiver
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            for thread in (listening, *threads):
                thread.join()


@dataclass
class MailReceiver:
    """What was mailed."""

    port: int = 0
    to: list[list[str]] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """aiosmtpd's hook."""
        self.to.append(envelope.rcpt_tos)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"


@contextmanager
def mail_receiver() -> Iterator[MailReceiver]:
    """One that listens."""
    receiver = MailReceiver()
    receiver.port = free_port()
    controller = Controller(receiver, hostname="127.0.0.1", port=receiver.port)
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()
