"""Every kind of channel there is. A new one is a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import InputError
from ...core.ports import Notifier
from .apprise_channel import AppriseNotifier
from .console import ConsoleNotifier
from .file import FileNotifier
from .webhook import WebhookNotifier


@dataclass(frozen=True)
class Destination:
    """Where a channel leads, as its kind needs it.

    Args:
        say: prints one line.
        addresses: id of an approver -> mail addresses, asked for each message.
        url: of the service; usually a secret.
        path: of a file.
        timeout_s: for all of an attempt to send.
    """

    say: Callable[[str], None]
    addresses: Callable[[], Mapping[str, tuple[str, ...]]]
    url: str | None = field(default=None, repr=False)
    path: Path | None = None
    timeout_s: float = 10.0


@dataclass(frozen=True)
class NotifierKind:
    """One line of the table.

    Args:
        name: what stands in aqe.yaml.
        title: for people.
        make: opens nothing yet.
    """

    name: str
    title: str
    make: Callable[[Destination], Notifier]


def _url(destination: Destination) -> str:
    if not destination.url:
        raise InputError("no address, expected `url_file` (or `url`)")
    return destination.url


def _file(destination: Destination) -> Notifier:
    if destination.path is None:
        raise InputError("no file, expected `path`")
    return FileNotifier(destination.path)


def _webhook(destination: Destination) -> Notifier:
    url = _url(destination)
    if not url.startswith(("http://", "https://")):
        raise InputError("the address is not one of this kind, expected https://HOST/PATH")
    return WebhookNotifier(url, timeout_s=destination.timeout_s)


def _apprise(*plugins: str, expected: str, mail: bool = False) -> Callable[[Destination], Notifier]:
    def make(destination: Destination) -> Notifier:
        return AppriseNotifier(
            _url(destination),
            plugins=plugins,
            expected=expected,
            timeout_s=destination.timeout_s,
            addresses=destination.addresses if mail else None,
        )

    return make


_SLACK = _apprise("NotifySlack", expected="https://hooks.slack.com/services/... or slack://...")
_TEAMS = _apprise("NotifyWorkflows", expected="the address of a Teams workflow, or workflows://...")
_MAIL = _apprise("NotifyEmail", expected="mailtos://USER:PASSWORD@HOST?from=A&to=B", mail=True)
_PAGERDUTY = _apprise("NotifyPagerDuty", expected="pagerduty://INTEGRATION-KEY@API-KEY")
_OPSGENIE = _apprise("NotifyOpsgenie", expected="opsgenie://API-KEY")
_VICTOROPS = _apprise("NotifySplunk", expected="victorops://ROUTING-KEY@API-KEY")
_ANY = _apprise(expected="an address of apprise's: SERVICE://...")

NOTIFIERS: tuple[NotifierKind, ...] = (
    NotifierKind("console", "standard error of the process that sends", lambda to: ConsoleNotifier(to.say)),
    NotifierKind("file", "a file, one JSON object a line", _file),
    NotifierKind("webhook", "CloudEvents over HTTP", _webhook),
    NotifierKind("slack", "Slack", _SLACK),
    NotifierKind("teams", "Microsoft Teams (Workflows)", _TEAMS),
    NotifierKind("email", "mail", _MAIL),
    NotifierKind("pagerduty", "PagerDuty", _PAGERDUTY),
    NotifierKind("opsgenie", "Opsgenie, Jira Service Management", _OPSGENIE),
    NotifierKind("victorops", "VictorOps (Splunk On-Call)", _VICTOROPS),
    NotifierKind("apprise", "any other service that apprise knows", _ANY),
)
"""All of them; the names are the kinds in config/sections.Notifier."""
