"""Posts messages as CloudEvents 1.0 over HTTP, structured mode: `data` is the event's payload, `aqenotice` the words.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import http.client
import urllib.error
import urllib.request
from typing import Any, Final

import orjson

from ...core.errors import ServiceUnavailable
from ...core.ids import new_id
from ...core.records.notices import Notice
from ..attempts import UNKNOWN, Attempts
from ..line import Line

CONTENT_TYPE: Final = "application/cloudevents+json"
SOURCE: Final = "aqe"


class WebhookNotifier:
    """A core/ports.Notifier.

    Args:
        url: http or https; may hold a secret, so no error names it.
        timeout_s: for all of an attempt.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._attempts = Attempts(timeout_s)

    async def notify(self, notice: Notice) -> None:
        """Post it; any answer of 200 to 299 is a success.

        Raises:
            ServiceUnavailable: no answer, or another one. Redirections are not followed: they would carry the message
                to somebody nobody named.
        """
        request = urllib.request.Request(
            self._url, orjson.dumps(cloud_event(notice)), {"Content-Type": CONTENT_TYPE}, method="POST"
        )
        line = Line()
        await self._attempts.run(lambda: self._post(request, line), line.cut)

    def _post(self, request: urllib.request.Request, line: Line) -> None:
        opener = line.opener(_NoRedirect)
        try:
            with opener.open(request, timeout=self._timeout_s):
                return
        except urllib.error.HTTPError as error:
            error.close()
            raise ServiceUnavailable(f"the receiver answered {error.code} {error.reason}") from None
        except urllib.error.URLError as error:
            raise ServiceUnavailable(f"the receiver cannot be reached: {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            raise ServiceUnavailable(f"the receiver gave no answer ({error}): {UNKNOWN}") from None


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
