"""TestScenario: a finding as something that can be tested; generators turn it into a file that runs."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ..base import Record
from .findings import FindingPriority, Insight, MiningResult

PLACEHOLDER = r"\{\{([a-z][a-z0-9_]*)\}\}"
"""A captured value, used later: a whole segment of a path, a whole value of a query, a header or a JSON text."""

StatusKind = Literal["status-below", "status-is"]
HeaderKind = Literal["header-is"]
JsonKind = Literal[
    "json-has-key",
    "json-equals",
    "json-contains",
    "json-shape",
    "json-one-of",
    "json-matches",
    "json-at-least",
    "json-at-most",
    "json-count",
    "json-same",
    "json-sum",
    "json-product",
    "json-sorted",
    "json-includes",
    "json-excludes",
    "json-fell",
    "json-rose",
]
PageKind = Literal[
    "url-path-is",
    "title-is",
    "heading-visible",
    "text-visible",
    "element-visible",
    "field-labelled",
    "text-matches",
    "request-below",
    "no-failed-request",
    "no-page-error",
]
USER_FIELDS = (
    *("email", "username", "password", "name", "first_name", "last_name", "phone"),
    *("street", "city", "postcode", "country", "company", "card_number", "card_expiry", "card_code"),
    *("search", "number", "date", "text"),
)
"""What a synthetic user has; `{{user.email}}` as the value of a step in a browser."""


class Expectation(Record):
    """What must hold after a step, taken from recorded outcomes.

    What `value` is depends on the kind:

    - `status-below`, `status-is`, `latency-below-ms`, `json-at-least`, `json-at-most`: a number.
    - `header-is`: the text, of the header named in `path`.
    - `json-has-key`: a key; `json-equals`: any JSON value, captured ones as `{{name}}`.
    - `json-contains`: a JSON value; of its objects at any depth the answer's may have more keys, lists are as long.
    - `json-shape`: a type name (`string integer number boolean null any`, alternatives joined by `|`), `[shape]` for a
      list of such, or an object of key -> shape, where a key that ends in `?` may be missing.
    - `json-one-of`: a list of values; `json-matches`: a regular expression for the whole text.
    - `json-count`: the path of the list whose length the number at `path` is.
    - `json-same`: the path of the other part of the answer that is equal.
    - `json-sum`: `[list, field...]`: the number at `path` is the sum over the items of the product of their fields.
    - `json-product`: two paths of numbers whose product the one at `path` is; with `*` those of the same item.
    - `json-sorted`: a field of the list's items, `-field` when it falls.
    - `json-includes`, `json-excludes`: a captured value that is, or is not, among those at `path`.
    - `json-fell`, `json-rose`: `[captured number, amount]`: the one at `path` is less, or more, by as much at least.
    - `url-path-is`: a path, `{id}` for any one segment; `title-is`, `heading-visible`, `text-visible`: the text.
    - `element-visible`: a test id; `field-labelled`: the label of a field that is to be seen.
    - `text-matches`: a regular expression for the text of the first element with the test id in `path`.
    - `request-below`: the number that the status of the request stays below that the step makes the page send; its
      method and path (`{id}` for a segment) in `path`.
    - `no-failed-request`: the number that statuses of the page's own requests stay below; `no-page-error`: True.

    Paths are dotted, items of a list by number, `*` for each of them, and `""` for the whole.
    """

    kind: StatusKind | HeaderKind | JsonKind | PageKind | Literal["latency-below-ms"]
    value: Any
    path: str | None = None
    """In the JSON body, for the json kinds (None = anywhere in it); the name of a header; a request."""
    because: str
    """Why this is expected, in one line, for the reader of the test."""


class Capture(Record):
    """A value of an answer that later steps need: an id, a token."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Used later as `{{name}}`."""
    path: str
    """Dotted path in the JSON body; `""` = all of it."""


class RequestStep(Record):
    """One HTTP request to the service under test."""

    method: str
    path: str
    """Path with query, relative to the base URL."""
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    captures: tuple[Capture, ...] = ()
    """Taken from the answer once its status holds; its other expectations may name them."""
    expectations: tuple[Expectation, ...]
    title: str | None = None
    """The step in a few words, for the reader; None = its method and path."""


class Locator(Record):
    """One way to find an element of a page."""

    by: Literal["test-id", "role", "label", "text", "css"]
    value: str
    """The test id, role, label, text or selector."""
    name: str | None = None
    """Accessible name, for roles."""


class UiStep(Record):
    """One thing that a person does in a browser."""

    action: Literal["goto", "click", "submit", "fill", "select", "press", "expect"]
    """`submit` clicks, after the empty fields of the form around were filled in with the synthetic user's data: for
    recordings that do not tell what was typed. `expect` only looks."""
    locators: tuple[Locator, ...] = ()
    """Alternatives, the best first; none for `goto`."""
    value: str | None = None
    """The path to go to, the text to type (`{{user.email}}`, see USER_FIELDS), the option to choose, the key."""
    frame: tuple[int, ...] = ()
    """Way to the frame that the element is in: indices of frames inside frames."""
    expectations: tuple[Expectation, ...] = ()
    title: str | None = None
    """The step in a few words, for the reader."""


class Fault(Record):
    """What goes wrong between a service and something that it depends on."""

    kind: Literal["latency", "timeout", "reset", "bandwidth", "slow-close", "error"]
    upstream: str
    """Name of the dependency."""
    share: float = Field(default=1.0, ge=0, le=1)
    """Of the connections or requests."""
    value: float | None = None
    """Milliseconds (latency, timeout, slow-close), bytes a second (bandwidth) or status (error)."""
    jitter_ms: float | None = None


class Conditions(Record):
    """Under what a scenario runs, where one user on a quiet service does not show the finding."""

    faults: tuple[Fault, ...] = ()
    concurrency: int = Field(default=1, ge=1)
    """So many at once, each with a session and data of its own."""
    time_scale: float = Field(default=1.0, gt=0)
    """Production seconds a second of the test."""
    users: int | None = None
    """Distinct users; None = as many as run at once."""


class Datum(Record):
    """A value that a test brings along, in the place of a personal or secret one: never that of production."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Used in steps as `{{name}}`."""
    kind: str
    """What redaction took it for: `email`, `secret`, `person`..."""
    given: bool
    """It must be known to the service (somebody's log-in) and comes from the environment; else it is made up."""


class Sample(Record):
    """So many requests, of which few may be bad: what tells the usual share from the one that was seen."""

    requests: int = Field(ge=1)
    """The steps are sent in turn until so many were sent."""
    allowed: int = Field(ge=0)
    """So many may be bad: answered with 5xx, not answered, or too slow."""
    slower_than_ms: float | None = Field(default=None, gt=0)
    """What is too slow; None = how long it takes does not matter."""
    usual_share: float = Field(ge=0, le=1)
    """Bad ones in production before."""
    seen_share: float = Field(ge=0, le=1)
    """Bad ones in production while it was worse."""
    false_alarm: float = Field(gt=0, lt=1)
    """Chance, at most, that a service as good as usual is refused."""
    miss: float = Field(gt=0, lt=1)
    """Chance, at most, that one as bad as seen is accepted."""


class Provenance(Record):
    """What the scenario was derived from."""

    finding_id: str
    finding: str
    """The finding's title."""
    occurrences: int
    sample_size: int
    """Records looked at."""
    window_from: datetime | None = None
    window_to: datetime | None = None
    feature: str | None = None
    """What it is a test of and how much that is used, in one line."""


class TestScenario(Record):
    """A test in the abstract; the value at `aqe/production/test-scenarios` is a list of these."""

    __test__ = False

    id: str
    """Stable over runs: derived from the finding."""
    title: str
    priority: FindingPriority
    service: str | None = None
    conditions: Conditions | None = None
    independent: bool = True
    """Steps need nothing of each other; else they are one flow in this order, in one session."""
    data: tuple[Datum, ...] = ()
    cookies: bool = True
    """Requests carry the cookies that earlier answers gave; False = none did when they were recorded."""
    steps: tuple[RequestStep | UiStep, ...]
    sample: Sample | None = None
    """The steps are requests that are sent again and again, and judged together; None = each is sent once."""
    provenance: Provenance
    skipped: str | None = Field(default=None, min_length=1)
    """Why it is written and not run, in one line; None = it runs."""
    covered_by: tuple[str, ...] = ()
    """Files of tests of its finding that were seen red on a broken and green on a fixed service."""

    @property
    def requests(self) -> tuple[RequestStep, ...]:
        """The steps that are requests."""
        return tuple(step for step in self.steps if isinstance(step, RequestStep))

    @property
    def ui(self) -> tuple[UiStep, ...]:
        """The steps in a browser."""
        return tuple(step for step in self.steps if isinstance(step, UiStep))


class MinedErrors(Record):
    """What error-pattern mining answers: the patterns, what they mean, and tests that would show them."""

    patterns: MiningResult
    insights: tuple[Insight, ...]
    scenarios: tuple[TestScenario, ...]


class BrowserShare(Record):
    """How much a browser on a kind of device is used."""

    browser: str
    """In lower case."""
    device: str | None
    """`mobile`, `desktop`, `tablet`; None = not said."""
    share: float
    """Of the page views that name a browser, 0 to 1."""


class BrowserTests(Record):
    """What people did in browsers, and the tests that are made of it."""

    sessions: int
    journeys: int
    """Ways that enough people took for them to be told at all."""
    rarer: int
    """Of them, those with too few sessions for a test."""
    withheld: int
    """Ways that too few people took."""
    flows: int
    """Recorded on purpose and imported."""
    browsers: tuple[BrowserShare, ...]
    """The most used first."""
    scenarios: tuple[TestScenario, ...]
    """The most frequent first, then the recorded flows."""
    window_from: datetime | None = None
    window_to: datetime | None = None


class RecordedTests(Record):
    """What recorded traffic gives: flows, and the tests that are made of them."""

    exchanges: int
    """With the service; pictures, scripts and style sheets are not counted."""
    flows: int
    """Exchanges that belong together by session or by ids."""
    scenarios: tuple[TestScenario, ...]
    left_out: int
    """Scenarios beyond the bound; each shows nothing that those that are kept do not show."""
    window_from: datetime | None = None
    window_to: datetime | None = None
