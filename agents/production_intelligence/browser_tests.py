"""What people did in browsers as tests: the frequent journeys, those through one feature, and recorded flows."""

from collections import Counter
from collections.abc import Callable, Iterator

from ...core.errors import TaskVetoed
from ...core.records.journeys import Journeys, Step
from ...core.records.recordings import UserFlow
from ...core.records.rows import RUM
from ...core.records.scenarios import BrowserShare, BrowserTests
from ..outcome import Outcome
from .feature_map import FeatureMap, read_rules
from .journey_scenarios import journey_scenarios
from .journeys import journeys
from .loaded import Loaded
from .recorded_ui import flow_scenario

FLOWS = "aqe/production/user-flows/*"
READS = (FLOWS,)
DEFAULT_MIN_FREQUENCY = 10
"""Sessions a journey has at least, to be worth a test."""
MIN_BROWSER_SHARE = 0.02
"""Of the page views: rarer browsers and devices are not worth a project of their own."""


def journeys_to_tests(loaded: Loaded) -> Outcome:
    """The task type `journeys-to-tests`.

    Payload: `minFrequency` (sessions, 10), `feature` (only journeys through it, as `features` in the payload or its
    path names it), and what `journeys` takes.

    Raises:
        TaskVetoed: nothing was recorded; no journey and no flow goes through the feature.
    """
    least = int(loaded.number("minFrequency", DEFAULT_MIN_FREQUENCY))
    feature = loaded.payload.get("feature")
    flows = [] if feature else [UserFlow.from_value(v, where=k) for k, v in sorted(loaded.records.items())]
    recorded = tuple(filter(None, map(flow_scenario, flows)))
    try:
        found = journeys(loaded).answer
    except TaskVetoed:
        if not recorded:
            raise
        found = None
    assert found is None or isinstance(found, Journeys)
    made = () if found is None else journey_scenarios(found, min_sessions=least, passes=_passes(loaded, feature))
    if feature and not made:
        raise TaskVetoed(f"no journey of {least} sessions or more goes through the feature {feature!r}")
    answer = BrowserTests(
        sessions=found.sessions if found else 0,
        journeys=len(found.journeys) if found else 0,
        rarer=sum(journey.sessions < least for journey in found.journeys) if found else 0,
        withheld=found.journeys_withheld if found else 0,
        flows=len(flows),
        browsers=tuple(_browsers(loaded)),
        scenarios=(*made, *recorded),
        window_from=found.window_from if found else None,
        window_to=found.window_to if found else None,
    )
    return Outcome(answer, {})


def _passes(loaded: Loaded, feature: str | None) -> Callable[[Step], bool] | None:
    if feature is None:
        return None
    features = FeatureMap(read_rules(loaded.payload.get("features") or {}))
    return lambda step: features.of(step.action, step.path or step.page, by_event=False) == feature


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
