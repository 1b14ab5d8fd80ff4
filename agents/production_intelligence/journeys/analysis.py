"""User journeys: which ways people take, where they leave, and whether they still take the known ways.

k-anonymity: a step, an edge, a way in or out, or a variant is told only when `minUsers` distinct people took it.
"""

from ....core.errors import InputError, NoData, TaskVetoed
from ....core.records.bulk.rows import ACCESS, PRODUCT, RUM
from ....core.records.bulk.visits import VISIT_PAUSE_S, StepText, VisitQuestion
from ....core.records.production.journeys import JOURNEYS_KEY, Journeys
from ....core.records.production.journeys import StepKind as Kind
from ...outcome import Outcome
from ..load.visitors import PAGE_VIEW, PURCHASE
from ..loaded import Loaded
from .conformance import Conforming
from .counts import Counts
from .report import report_of
from .sessions import Sessions, sessions_of

READS = (JOURNEYS_KEY,)
DEFAULT_MIN_USERS = 5
NOTHING = (
    "no page views, actions, product events or requests that name a session, user or address in the last {days} days:"
    " `aqe import rum.jsonl` brings them in, or `aqe import access.log`"
)


def journeys(loaded: Loaded) -> Outcome:
    """The capability `user-journey-reconstruction`.

    Payload: `minUsers` (k, 2 or more), `goal` (name of an event, or group or path of a page, instead of a purchase),
    `actions` (False: only pages are steps).

    Raises:
        TaskVetoed: nothing in the window names sessions or users; or the payload is none.
    """
    model = _known_model(loaded)
    question = _question(loaded, model)
    with loaded.datasets.visits(question) as (visits, batches):
        counts = Counts(max(1, len(visits.steps)))
        conforming = Conforming(model, visits.steps, question)
        sample: Sessions | None = None
        for batch in batches:
            found = sessions_of(batch, idle_s=VISIT_PAUSE_S, steps=len(visits.steps))
            counts.take(found)
            conforming.take(found)
            # People fall into the batches by chance: the first is a sample of them, and mostly all there is.
            sample = sample or found
    if sample is None or not counts.sessions:
        raise NoData(NOTHING.format(days=loaded.window.days) + loaded.older(RUM, PRODUCT, ACCESS))
    report = report_of(loaded, question, visits, counts, sample, conforming, idle_s=VISIT_PAUSE_S)
    return Outcome(report, {JOURNEYS_KEY: report})


def _known_model(loaded: Loaded) -> Journeys | None:
    """As stored; one that cannot be read, of another version, is none: this run's takes its place."""
    stored = loaded.records.get(JOURNEYS_KEY)
    try:
        return None if stored is None else Journeys.from_value(stored, where=JOURNEYS_KEY)
    except InputError:
        return None


def _question(loaded: Loaded, model: Journeys | None) -> VisitQuestion:
    least, goal, actions = (loaded.payload.get(name) for name in ("minUsers", "goal", "actions"))
    least, actions = DEFAULT_MIN_USERS if least is None else least, True if actions is None else actions
    if not isinstance(least, int) or isinstance(least, bool) or least < 2:
        raise TaskVetoed(f"minUsers is {least!r}, expected a whole number of 2 or more: one person is nobody's crowd")
    if goal is not None and (not isinstance(goal, str) or not goal):
        raise TaskVetoed(f"goal is {goal!r}, expected the name of an event, or the group or path of a page")
    if not isinstance(actions, bool):
        raise TaskVetoed(f"actions is {actions!r}, expected true or false")
    known = () if model is None else tuple(s for s in model.steps if s.kind is not Kind.OTHER)
    return VisitQuestion(
        since=loaded.since,
        until=loaded.until,
        release=loaded.release,
        purchase=PURCHASE.pattern,
        page_view=PAGE_VIEW.pattern,
        goal=goal,
        actions=actions,
        min_users=least,
        known=tuple(StepText(step.kind, step.page, step.action, step.path) for step in known),
    )
