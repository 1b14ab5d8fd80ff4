"""What every kind of channel must do; a new one is tested the day it is registered."""

from pathlib import Path
from typing import get_args

import pytest

from aqe.config.sections import Notifier as Section
from aqe.connectors.notifiers.table import NOTIFIERS, Destination, NotifierKind
from aqe.core.errors import InputError, ServiceUnavailable
from aqe.core.records.notices import Level, Notice
from aqe.tests.receivers import mail_receiver, web_receiver

HOSTILE = "<!channel> @here </script>\u202e\x1b[31m `rm -rf`"
NOTICE = Notice(event="deployment:rolled-back", subject=f"v1 {HOSTILE}", lines=("why", HOSTILE), level=Level.FAILURE)
# Nobody listens at port 1.
NOWHERE = {
    "webhook": "http://127.0.0.1:1/geheim",
    "slack": "https://hooks.slack.com/services/T1234567A/B1234567A/abcdefghijklmnopqrstuvwx",
    "teams": "https://prod-1.westus.logic.azure.com:443/workflows/abcd/triggers/manual/paths/invoke?sig=geheim",
    "email": "mailto://127.0.0.1:1?smtp=127.0.0.1&from=aqe@example.org&to=geheim@example.org",
    "pagerduty": "pagerduty://abcdefghijklmnopqrstuvwx@abcdefghijklmnopqrst",
    "opsgenie": "opsgenie://abcdef12-0000-0000-0000-0000000000",
    "victorops": "victorops://routing@abcdefghijkl",
    "apprise": "json://127.0.0.1:1/geheim",
}
each_kind = pytest.mark.parametrize("kind", NOTIFIERS, ids=lambda kind: kind.name)


def destination(url: str | None = None, path: Path | None = None) -> Destination:
    return Destination(say=lambda line: None, addresses=dict, url=url, path=path, timeout_s=2.0)


def test_the_configuration_knows_every_kind() -> None:
    """config/ cannot import the table: its words are compared here."""
    assert get_args(Section.model_fields["kind"].annotation) == tuple(kind.name for kind in NOTIFIERS)


@each_kind
def test_a_kind_that_needs_an_address_says_so_and_takes_its_own(kind: NotifierKind) -> None:
    if kind.name in NOWHERE:
        with pytest.raises(InputError, match="no address"):
            kind.make(destination())
        kind.make(destination(NOWHERE[kind.name]))


@pytest.mark.parametrize(
    "kind", [k for k in NOTIFIERS if k.name in NOWHERE and k.name != "apprise"], ids=lambda k: k.name
)
def test_another_address_is_refused_without_naming_it(kind: NotifierKind) -> None:
    with pytest.raises(InputError, match="expected") as caught:
        kind.make(destination("ftp://geheim.example.org/x"))
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("name", ["webhook", "email", "apprise"])
async def test_a_receiver_that_is_not_there_is_an_error_without_the_address(name: str) -> None:
    kind = next(kind for kind in NOTIFIERS if kind.name == name)
    with pytest.raises(ServiceUnavailable) as caught:
        await kind.make(destination(NOWHERE[name])).notify(NOTICE)
    assert "geheim" not in str(caught.value)


async def test_a_file_gets_one_line_a_message_and_is_the_owners_alone(tmp_path: Path) -> None:
    file = next(kind for kind in NOTIFIERS if kind.name == "file").make(destination(path=tmp_path / "out.jsonl"))
    await file.notify(NOTICE)
    await file.notify(NOTICE)

    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [Notice.from_json(line, where="line") for line in lines] == [NOTICE, NOTICE]
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    file = next(kind for kind in NOTIFIERS if kind.name == "file").make(destination(path=tmp_path / "no" / "out"))
    with pytest.raises(ServiceUnavailable, match="No such file"):
        await file.notify(NOTICE)


async def test_a_webhook_is_a_cloud_event() -> None:
    notice = NOTICE.model_copy(update={"data": {"version": "v1"}, "id": "e-1"})
    with web_receiver() as receiver:
        await _webhook(receiver.url).notify(notice)

    assert receiver.types == ["application/cloudevents+json"]
    event = receiver.posted[0]
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", "e-1", "deployment:rolled-back")
    assert event["data"]["version"] == "v1"
    assert event["data"]["aqeNotice"]["level"] == "failure"


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_every_answer_but_200_to_299_is_an_error_and_no_redirection_is_followed(status: int) -> None:
    with web_receiver(status) as receiver, pytest.raises(ServiceUnavailable, match=str(status)):
        await _webhook(receiver.url).notify(NOTICE)
    assert len(receiver.posted) == 1


async def test_a_mail_goes_to_whom_the_message_names_else_to_the_channels_own() -> None:
    with mail_receiver() as receiver:
        url = f"mailto://127.0.0.1:{receiver.port}?smtp=127.0.0.1&from=aqe@example.org&to=team@example.org"
        kind = next(kind for kind in NOTIFIERS if kind.name == "email")
        known = {"cto": ("cto@example.org", "chief@example.org")}
        mail = kind.make(Destination(say=print, addresses=lambda: known, url=url))
        await mail.notify(NOTICE)
        await mail.notify(NOTICE.model_copy(update={"recipients": ("cto", "lead@example.org", "unknown")}))

    assert receiver.to[0] == ["team@example.org"]
    assert sorted(to for mail in receiver.to[1:] for to in mail) == [
        "chief@example.org", "cto@example.org", "lead@example.org",
    ]  # fmt: skip
    assert "rolled-back" not in receiver.mails[0]["Subject"]
    assert "v1" in str(receiver.mails[0]["Subject"])


async def test_production_text_calls_nobody_in_a_chat() -> None:
    kind = next(kind for kind in NOTIFIERS if kind.name == "apprise")
    with web_receiver() as receiver:
        await kind.make(destination(f"json://127.0.0.1:{receiver.port}/")).notify(NOTICE)
    posted = receiver.posted[0]
    assert posted["type"] == "failure"
    assert not {"<!channel>", "@here"} & {word for word in (posted["title"] + " " + posted["message"]).split()}


async def test_pitfall_14_a_long_message_stays_below_what_slack_takes() -> None:
    """Slack refuses blocks of about 13,200 characters in total."""
    kind = next(kind for kind in NOTIFIERS if kind.name == "apprise")
    long = NOTICE.model_copy(update={"lines": ("é & <x> " * 5_000,) * 3})
    with web_receiver() as receiver:
        await kind.make(destination(f"json://127.0.0.1:{receiver.port}/")).notify(long)
    posted = receiver.posted[0]
    assert 1_000 < len(posted["title"] + posted["message"]) < 13_200


def _webhook(url: str):  # type: ignore[no-untyped-def]
    return next(kind for kind in NOTIFIERS if kind.name == "webhook").make(destination(url))
