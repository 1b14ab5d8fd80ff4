"""Chats, mail and pagers through apprise, which knows some 170 services by the form of their address."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ...core.errors import InputError, ServiceUnavailable
from ...core.masking import mask_text
from ...core.records.notices import Notice
from ..attempts import Attempts

MAX_BODY_CHARS = 3_000
"""A section of Slack's takes as much; what is longer stands in the fleet, where the message says."""
_ZERO_WIDTH = "\u200b"


class AppriseNotifier:
    """A core/ports.Notifier.

    Args:
        url: of the service, in apprise's form or as the service hands it out; usually a secret, so no error names it.
        plugins: names of apprise's plugins that the channel's kind stands for; empty = any.
        expected: what an address of this kind looks like, for the error.
        addresses: id of an approver -> mail addresses; given, messages to somebody go there instead of to the address
            in `url`.
        timeout_s: for all of an attempt.

    Raises:
        InputError: apprise is not installed, or the address is not of this kind.
    """

    def __init__(
        self,
        url: str,
        *,
        plugins: tuple[str, ...],
        expected: str,
        timeout_s: float,
        addresses: Callable[[], Mapping[str, tuple[str, ...]]] | None = None,
    ) -> None:
        self._apprise = _library()
        self._url = f"{url}{'&' if '?' in url else '?'}{urlencode({'cto': timeout_s, 'rto': timeout_s})}"
        self._addresses = addresses
        self._attempts = Attempts(timeout_s)
        service = self._service(self._url)
        if service is None or (plugins and type(service).__name__ not in plugins):
            raise InputError(f"the address is not one of this kind, expected {expected}")

    async def notify(self, notice: Notice) -> None:
        """Hand it on.

        Raises:
            ServiceUnavailable: the service did not take it, with its reason as far as it gives one, or did not answer.
        """
        await self._attempts.run(lambda: self._send(notice))

    def _send(self, notice: Notice) -> None:
        sender = self._apprise.Apprise()
        sender.add(self._service(self._url_for(notice)))
        body = "\n".join(map(defused, notice.lines))
        with self._apprise.LogCapture(level=self._apprise.logging.WARNING) as said:
            taken = sender.notify(
                body=body if len(body) <= MAX_BODY_CHARS else f"{body[: MAX_BODY_CHARS - 1]}…",
                title=defused(notice.subject),
                notify_type=self._apprise.NotifyType(str(notice.level)),
                body_format=self._apprise.NotifyFormat.TEXT,
            )
            reason = mask_text(" ".join(said.getvalue().split()))[-300:]
        if not taken:
            raise ServiceUnavailable(f"the service did not take it: {reason or 'it gave no reason'}")

    def _url_for(self, notice: Notice) -> str:
        if self._addresses is None or not notice.recipients:
            return self._url
        known = self._addresses()
        # An id may itself be an address.
        to = [address for name in notice.recipients for address in known.get(name, (name,) if "@" in name else ())]
        return _mailed_to(self._url, to) if to else self._url

    def _service(self, url: str) -> Any:
        return self._apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _mailed_to(url: str, addresses: list[str]) -> str:
    """The address with other receivers than those it names."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "to"]
    return urlunsplit(parts._replace(path="", query=urlencode([*query, ("to", ",".join(addresses))])))


def defused(text: str) -> str:
    """Text of production that calls nobody, closes no markup and hides no address behind other words.

    `@channel`, `<!here>`, `[approve](https://...)` and the like are broken up.

    >>> defused("<!channel> @here [approve](https://evil)").replace("\\u200b", "|")
    '<|!channel> @|here [approve]|(https://evil)'
    """
    for mark in ("@", "<", "]"):
        text = text.replace(mark, f"{mark}{_ZERO_WIDTH}")
    return text


def _library() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise InputError("apprise is not installed", hint="pip install 'aqe[notify]'") from error
    return apprise
