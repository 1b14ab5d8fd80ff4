"""The sections of aqe.yaml as models: what may stand there, in which unit, and the defaults."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ..core.credentials import SecretHash
from ..core.records.bulk.kinds import DATASET_KINDS
from ..core.records.privacy import REDACTED_KINDS
from ..core.records.release import RegionName
from ..core.registry import did_you_mean
from .region_sections import RegionSection
from .rollout_sections import RolloutSection
from .section import FilePath, Section

FLEET_NAME = re.compile(r"[a-z0-9-]{1,40}")
"""Becomes a Cluster hash tag and part of file names."""
APPROVER_ID = re.compile(r"[A-Za-z0-9._@+-]{1,100}")
"""A login or an e-mail address; becomes part of keys."""
CHANNEL_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")
"""Becomes part of keys and of a group's name."""
OWN_KIND = re.compile(r"[a-z][a-z0-9_]{0,30}")
"""Stands in pseudonyms: `<order:3f2a9c1b>`."""
ADDRESS_EXPECTED = "expected IP-ADDRESS:PORT, such as 127.0.0.1:6390"


def split_address(text: str) -> tuple[str, int]:
    """`127.0.0.1:6390` or `[::1]:6390` as IP address and port; `localhost` is 127.0.0.1.

    Raises:
        ValueError: neither.
    """
    host, _, port = text.strip().rpartition(":")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError(ADDRESS_EXPECTED)
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise ValueError(ADDRESS_EXPECTED) from error
    return str(address), int(port)


def _address(text: str) -> str:
    split_address(text)
    return text


def _fleet_name(name: str) -> str:
    if name and not FLEET_NAME.fullmatch(name):
        raise ValueError("expected 1 to 40 of a-z, 0-9 and '-'")
    return name


def _safe_regex(pattern: str) -> str:
    import re2  # only where a project has patterns of its own

    try:
        re2.compile(pattern)
    except re2.error as error:
        raise ValueError(f"no regular expression of RE2: {error}") from error
    return pattern


def _redacted_kind(kind: str) -> str:
    if kind not in REDACTED_KINDS:
        raise ValueError(f"expected all, or of {', '.join(REDACTED_KINDS)}{did_you_mean(kind, REDACTED_KINDS)}")
    return kind


def _own_kind(name: str) -> str:
    if name in REDACTED_KINDS or not OWN_KIND.fullmatch(name):
        raise ValueError("expected a name of a-z, 0-9 and '_' that is not one of ours")
    return name


def _dataset_kind(kind: str) -> str:
    if kind not in DATASET_KINDS:
        raise ValueError(f"expected one of {', '.join(DATASET_KINDS)}{did_you_mean(kind, DATASET_KINDS)}")
    return kind


def _secret_hash(text: str) -> str:
    SecretHash.parse(text)
    return text


def _approver_id(name: str) -> str:
    if not APPROVER_ID.fullmatch(name):
        raise ValueError("an approver's id is 1 to 100 of letters, digits and . _ @ + -")
    return name


def _channel_name(name: str) -> str:
    if not CHANNEL_NAME.fullmatch(name):
        raise ValueError("a channel's name is 1 to 60 of letters, digits and . _ -")
    return name


def _feature_name(name: str) -> str:
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise ValueError("a feature's name is 1 to 100 printable characters")
    return name


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class FleetSection(Section):
    """Who we are and how we log."""

    name: Annotated[str, AfterValidator(_fleet_name)] = ""
    """Empty: the default fleet, whose keys have no prefix."""
    data_dir: FilePath | None = None
    """Embedded server's data and datasets; None = `.aqe` beside aqe.yaml."""
    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)] = "info"
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = "console"


class RedisSection(Section):
    """Where the server is; without `url` it is the embedded one."""

    url: str | None = Field(default=None, repr=False)
    """redis:// rediss:// unix:// redis+sentinel:// redis+cluster:// (fleet/servers/redis_url.py)."""
    password_file: FilePath | None = None
    """Holds the password for `url`, read at each connection; keeps it out of URLs and process lists."""
    listen: Annotated[str, AfterValidator(_address)] | None = None
    """IP-ADDRESS:PORT at which the embedded server also answers, with a password."""
    listen_public: bool = False
    """Permits an address other machines can reach."""


class PolicySection(Section):
    """Which policies decide; None = the ones that come with aqe."""

    file: FilePath | None = None
    fast_track: FilePath | None = None
    """The narrower policy of `--fast-track`."""


class ChecklistSection(Section):
    """What is asked before a release, and the files that answer some of it."""

    file: FilePath | None = None
    """Own checklist; None = the one that comes with aqe."""
    changelog: FilePath | None = None
    """Must name the version; None = CHANGELOG.md beside aqe.yaml, if it is there."""
    runbook: str | None = None
    """Rollback runbook, `{version}` to be filled in: `docs/runbooks/{version}.md`."""
    runbook_sections: tuple[str, ...] = ("trigger", "step", "verif", "contact")
    """Each must begin a word of one of the runbook's headings."""
    openapi_documented: FilePath | None = None
    """The OpenAPI document that is published ..."""
    openapi_generated: FilePath | None = None
    """... and the one that the code generated; they must describe the same interface."""
    migrations: FilePath | None = None
    """JUnit XML of the migration tests, up and down."""


class Person(Section):
    """Somebody on call."""

    name: str | None = None
    """A person or a role."""
    contact: str
    """Address, number or channel; stands in reports."""


class OnCall(Section):
    """Whom reports name."""

    primary: Person | None = None
    secondary: Person | None = None
    escalation: Person | None = None


class Approver(Section):
    """A person who may approve; the key in `approvers` is the id."""

    name: str | None = None
    emails: tuple[str, ...] = ()
    """Addresses that mean this person too: of commits, of `--recipients`."""
    roles: tuple[str, ...] = Field(min_length=1)
    secret_hash: Annotated[str, AfterValidator(_secret_hash)] | None = Field(default=None, repr=False)
    """What `aqe approver hash` prints; None = cannot approve yet."""


class Notifier(Section):
    """Where messages go; the key in `notify` is the channel's name."""

    kind: Literal[
        "console", "file", "webhook", "slack", "teams", "email", "pagerduty", "opsgenie", "victorops", "apprise"
    ]
    url: str | None = Field(default=None, repr=False)
    """Usually a secret itself: prefer `url_file`."""
    url_file: FilePath | None = None
    """Holds the address, read for each process."""
    path: FilePath | None = None
    """Of kind `file`: where lines are appended."""
    events: tuple[str, ...] = ()
    """Globs over event types; empty = it gets nothing by itself and stands in rollback plans only."""
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Field of the event's data -> values; others are not sent: `{decision: [BLOCKED, INCONCLUSIVE]}`."""
    repeat_after_s: Annotated[float, Field(ge=0)] = 600.0
    """The same message is not sent again within this time; 0 = always."""
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0
    """For all of an attempt; after it the attempt is given up and another is made."""
    dry_run: bool = False
    """Log what would be sent."""


class Target(Section):
    """A running system; the key in `targets` is the environment."""

    base_url: str
    """What generated tests call."""
    service: str | None = None
    rollout: RolloutSection | None = None
    """How a release gets there (`aqe deploy execute`)."""
    regions: dict[RegionName, RegionSection] = Field(default_factory=dict)
    """Its parts, in the order in which they get a release (`aqe deploy plan-regions`)."""


class Redaction(Section):
    """What is taken out of production data before it is stored."""

    keep: Literal["all"] | tuple[Annotated[str, AfterValidator(_redacted_kind)], ...] = ()
    """Kinds that are left in; `all`: nothing is redacted. The audit log names every import that it concerns."""
    fields: tuple[str, ...] = ()
    """Names of fields and parameters whose values are taken out besides; case, `_` and `-` do not matter."""
    patterns: dict[Annotated[str, AfterValidator(_own_kind)], Annotated[str, AfterValidator(_safe_regex)]] = Field(
        default_factory=dict
    )
    """Name -> regular expression of RE2 (no look-around, no back references); every match is taken out besides."""

    @property
    def left_in(self) -> tuple[str, ...]:
        """What is left in: kinds, or `all`."""
        return (self.keep,) if isinstance(self.keep, str) else self.keep


class Feature(Section):
    """What belongs to a feature of the product; the key in `features` is its name. `*` crosses `/`."""

    paths: tuple[str, ...] = ()
    """Globs over paths of pages and requests, without query: `/checkout*`."""
    events: tuple[str, ...] = ()
    """Globs over names of product events and of actions in the browser: `checkout_*`."""
    code: tuple[str, ...] = ()
    """Globs over source files, as coverage reports name them: `shop/checkout/*`; else files called as the feature."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.paths and not self.events:
            raise ValueError("a feature needs `paths` or `events`")
        return self


class Retention(Section):
    """How long bulk data is kept, and how many dead letters."""

    default_days: Annotated[int, Field(ge=1)] = 30
    days: dict[Annotated[str, AfterValidator(_dataset_kind)], Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """By kind of core/records/bulk/rows.DATASET_KINDS."""
    dead_letters: Annotated[int, Field(ge=1)] = 10_000
    """Of one event type or task lane; beyond it, or 64 MB, the oldest go."""

    def days_of(self, kind: str) -> int:
        """Days for one kind."""
        return self.days.get(kind, self.default_days)


class Sections(Section):
    """The whole file; `settings` gives every section that it leaves out as an empty one."""

    fleet: FleetSection
    redis: RedisSection
    policy: PolicySection
    checklist: ChecklistSection
    on_call: OnCall
    approvers: dict[Annotated[str, AfterValidator(_approver_id)], Approver]
    notify: dict[Annotated[str, AfterValidator(_channel_name)], Notifier]
    targets: dict[str, Target]
    features: dict[Annotated[str, AfterValidator(_feature_name)], Feature]
    redaction: Redaction
    retention: Retention
