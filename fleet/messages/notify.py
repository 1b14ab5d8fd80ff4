"""Who is told: the channels that aqe.yaml names, and what each wants to hear."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic.alias_generators import to_camel

from ...bus.events import EVENT_TYPES, Event
from ...config.rollout_sections import HEARD_BY
from ...config.sections import Notifier as Section
from ...config.settings import Settings, known_approvers
from ...connectors.notifiers.console import ConsoleNotifier
from ...connectors.notifiers.table import NOTIFIERS, Destination
from ...core.errors import InputError
from ...core.globs import compile_glob
from ...core.log import Logger
from ...core.ports import Notifier
from ...core.records.base import Record
from ...core.registry import by_name, did_you_mean

log = Logger(__name__)


@dataclass(frozen=True)
class Channel:
    """A channel that is ready.

    Args:
        name: in aqe.yaml.
        section: what stands there.
        notifier: sends.
        told: environment -> types of events that the communication plan of its rollouts has for this channel.
    """

    name: str
    section: Section
    notifier: Notifier
    told: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def globs(self) -> tuple[str, ...]:
        """What it reads of the bus."""
        return tuple(dict.fromkeys((*self.section.events, *(event for told in self.told.values() for event in told))))

    @property
    def group(self) -> str:
        """Consumer group under which it reads the bus."""
        return f"notify-{self.name}"

    def wants(self, event: Event) -> bool:
        """True when the event is routed here."""
        data = event.data.to_dict() if isinstance(event.data, Record) else event.data
        fields = data if isinstance(data, dict) else {}
        if event.type in self.told.get(str(fields.get("environment")), ()):
            return True
        if not any(compile_glob(glob).fullmatch(event.type) for glob in self.section.events):
            return False
        return all(_word(fields.get(name)) in values for name, values in self.section.only.items())


def console(say: Callable[[str], None]) -> Notifier:
    """The terminal, or the job's log."""
    return ConsoleNotifier(say)


def channels(settings: Settings, say: Callable[[str], None], *, dry_run: bool = False) -> tuple[Channel, ...]:
    """Those of aqe.yaml.

    Args:
        settings: the project's.
        say: prints one line, for channels of kind `console`.
        dry_run: print what each would send.

    Raises:
        InputError: one of them lacks its address, or has one of another kind.
    """
    return tuple(_channel(name, section, settings, say, dry_run) for name, section in settings.notify.items())


def named_channel(settings: Settings, name: str, say: Callable[[str], None], *, dry_run: bool = False) -> Channel:
    """One of them.

    Raises:
        InputError: there is none of this name, or as for `channels`.
    """
    named = [_Name(known) for known in settings.notify]
    return _channel(by_name(named, name, "channel of notify").name, settings.notify[name], settings, say, dry_run)


def usable(settings: Settings, say: Callable[[str], None]) -> Iterable[Channel]:
    """Those that can be used; what is wrong with the others is logged, and does not stop these."""
    for name, section in settings.notify.items():
        try:
            yield _channel(name, section, settings, say, dry_run=False)
        except InputError as error:
            log.error("channel cannot be used", channel=name, error=error.message, hint=error.hint)


@dataclass(frozen=True)
class _Name:
    name: str


def _channel(name: str, section: Section, settings: Settings, say: Callable[[str], None], dry_run: bool) -> Channel:
    destination = Destination(
        say=say,
        addresses=lambda: {id: approver.emails for id, approver in known_approvers(settings).items()},
        url=_address(name, section),
        path=section.path,
        timeout_s=section.timeout_s,
    )
    try:
        notifier = by_name(NOTIFIERS, section.kind, "kind of channel").make(destination)
    except InputError as error:
        raise InputError(f"notify.{name}: {error.message}", hint=error.hint) from error
    if dry_run or section.dry_run:
        notifier = ConsoleNotifier(lambda line: say(f"[dry run, {name}] {line}"))
    return Channel(name, section, notifier, told_of_rollouts(settings, name))


def misrouted(section: Section) -> str | None:
    """What a channel asks for and will never hear: an event that none of ours is called, a field that none of them has.

    Other agents' events, and patterns that could match some, are not judged.
    """
    for glob in section.events:
        ours = glob.partition(":")[0] in {name.partition(":")[0] for name in EVENT_TYPES}
        if ours and not any(compile_glob(glob).fullmatch(name) for name in EVENT_TYPES):
            return f"there is no event {glob}{did_you_mean(glob, EVENT_TYPES)}"
    heard = [EVENT_TYPES[glob] for glob in section.events if glob in EVENT_TYPES]
    fields = {to_camel(name) for payload in heard for name in payload.model_fields}
    strange = [name for name in section.only if name not in fields]
    if strange and len(heard) == len(section.events):
        return f"its events have no field {strange[0]}{did_you_mean(strange[0], fields)}"
    return None


def told_of_rollouts(settings: Settings, channel: str) -> dict[str, list[str]]:
    """Environment -> types of events that the channel hears by the `tell` of its target."""
    return {
        environment: [HEARD_BY[heard] for heard in target.rollout.tell[channel]]
        for environment, target in settings.targets.items()
        if target.rollout and channel in target.rollout.tell
    }


def _address(name: str, section: Section) -> str | None:
    if section.url_file is None:
        return section.url
    try:
        return section.url_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InputError(f"notify.{name}.url_file: {section.url_file}: {reason}") from error


def _word(value: Any) -> str:
    """As YAML writes it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)
