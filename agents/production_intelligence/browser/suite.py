"""What people did in browsers as tests: the frequent journeys, those through one feature, and recorded flows."""

from collections import Counter
from collections.abc import Callable, Iterator

from ....core.errors import NoData, TaskVetoed
from ....core.records.bulk.recordings import ExchangeRow, UserFlow
from ....core.records.bulk.rows import EXCHANGES, RUM
from ....core.records.production.scenarios import BrowserShare, BrowserTests
from ....core.registry import did_you_mean
from ...outcome import Outcome
from ..features.mapping import FeatureMap, read_rules
from ..journeys.walks import Walk, walks
from ..loaded import Loaded
from ..scenario_keys import READS as SCENARIO_KEYS
from ..scenario_keys import offered
from .flows import flow_scenario
from .journeys import PREFIX, journey_scenarios
from .page_facts import page_facts
from .page_scenarios import page_scenarios

FLOWS = "aqe/production/user-flows/*"
READS = (FLOWS, *SCENARIO_KEYS)
DEFAULT_MIN_FREQUENCY = 10
"""Sessions that went a way at least, for it to be worth a test."""
DEFAULT_MIN_USERS = 5
NOTHING = (
    "no page views of real users in the last {days} days, and no recorded flow: `aqe import rum.jsonl` brings them in"
)
MIN_BROWSER_SHARE = 0.02
"""Of the page views: rarer browsers and devices are not worth a project of their own."""


def journeys_to_tests(loaded: Loaded) -> Outcome:
    """The task type `journeys-to-tests`.

    Payload: `minFrequency` (sessions, 10), `minUsers` (people, 5), `feature` (only ways through it, as `features` in
    the payload or its path names it).

    Raises:
        TaskVetoed: nothing was recorded; no way goes through the feature.
    """
    least, few = (
        int(loaded.number(name, default))
        for name, default in (("minFrequency", DEFAULT_MIN_FREQUENCY), ("minUsers", DEFAULT_MIN_USERS))
    )
    feature = loaded.payload.get("feature")
    told = sorted((key, value) for key, value in loaded.records.items() if key.startswith(FLOWS.removesuffix("*")))
    flows = [] if feature else [UserFlow.from_value(value, where=key) for key, value in told]
    recorded = tuple(filter(None, map(flow_scenario, flows)))
    found = walks(loaded.rows(RUM), min_users=few)
    if not found.sessions and not recorded:
        raise NoData(NOTHING.format(days=loaded.window.days) + loaded.older(RUM))
    frequent = [walk for walk in found.walks if walk.sessions >= least]
    features = _features(loaded)
    chosen = [walk for walk in frequent if feature is None or feature in features(walk)]
    if feature and not chosen:
        near = did_you_mean(feature, {name for walk in frequent for name in features(walk)})
        raise TaskVetoed(f"no way of {least} sessions or more goes through the feature {feature!r}{near}")
    window = loaded.since, min(loaded.until, loaded.now)
    facts = page_facts(_exchanges(loaded))
    made = journey_scenarios(found, chosen, facts, window)
    pages = () if feature else page_scenarios(_exchanges(loaded), window, least=max(least, few))
    answer = BrowserTests(
        sessions=found.sessions,
        journeys=len(found.walks),
        rarer=len(found.walks) - len(frequent),
        withheld=found.withheld,
        flows=len(flows),
        browsers=tuple(_browsers(loaded)),
        scenarios=(*made, *pages, *recorded),
        window_from=window[0],
        window_to=window[1],
    )
    # The tests of one feature are a part of those that are offered already.
    return Outcome(answer, {} if feature else offered(answer.scenarios, PREFIX, loaded))


def _exchanges(loaded: Loaded) -> Iterator[ExchangeRow]:
    return loaded.rows(EXCHANGES)


def _features(loaded: Loaded) -> Callable[[Walk], set[str]]:
    features = FeatureMap(read_rules(loaded.payload.get("features") or {}))
    return lambda walk: {name for n in walk.nodes if (name := features.of(n.action, n.page, by_event=False))}


def _browsers(loaded: Loaded) -> Iterator[BrowserShare]:
    """Browsers on devices by their share of page views, the most used first."""
    views: Counter[tuple[str, str | None]] = Counter()
    for browser, device, rows, *_ in loaded.tally(RUM, ("browser", "device"), only={"event": "view"}):
        if browser:
            views[browser.lower(), device and device.lower()] += rows
    total = views.total()
    for (browser, device), count in views.most_common():
        if count >= MIN_BROWSER_SHARE * total:
            yield BrowserShare(browser=browser, device=device, share=count / total)
