"""Posts messages as CloudEvents 1.0 over HTTP, structured mode: `data` is the event's payload, `aqenotice` the words.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import asyncio
import http.client
import urllib.error
import urllib.request
from typing import Any, Final

import orjson

from ...core.errors import ServiceUnavailable
from ...core.ids import new_id
from ...core.records.notices import Notice

CONTENT_TYPE: Final = "application/cloudevents+json"
SOURCE: Final = "aqe"


class WebhookNotifier:
    """A core/ports.Notifier.

    Args:
        url: http or https; may hold a secret, so no error names it.
        timeout_s: for connecting and for each read.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s

    async def notify(self, notice: Notice) -> None:
        """Post it; any answer of 200 to 299 is a success.

        Raises:
            ServiceUnavailable: no answer, or another one. Redirections are not followed: they would carry the message
                to somebody nobody named.
        """
        await asyncio.to_thread(self._post, orjson.dumps(cloud_event(notice)))

    def _post(self, body: bytes) -> None:
        request = urllib.request.Request(self._url, body, {"Content-Type": CONTENT_TYPE}, method="POST")
        try:
            with _OPENER.open(request, timeout=self._timeout_s):
                return
        except urllib.error.HTTPError as error:
            error.close()
            raise ServiceUnavailable(f"the receiver answered {error.code} {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise ServiceUnavailable(f"the receiver cannot be reached: {reason}") from None


def cloud_event(notice: Notice) -> dict[str, Any]:
    """The message as a receiver sees it."""
    words = {"level": notice.level, "subject": notice.subject, "lines": notice.lines, "recipients": notice.recipients}
    return {
        "specversion": "1.0",
        "id": notice.id or new_id(),
        "type": notice.event,
        "source": SOURCE,
        **({"time": notice.at.isoformat()} if notice.at else {}),
        "datacontenttype": "application/json",
        "data": {**notice.data, "aqeNotice": words},
    }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
