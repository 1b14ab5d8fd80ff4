"""Recordings of the Chrome DevTools Recorder: one flow a file.

A selector is one text, or a list of texts that lead through shadow roots; a step has several alternatives. What was
typed into a field for a password, a card or a code is not taken along.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import orjson

from ....core.importing import About, Head, Sample
from ....core.records.bulk.recordings import FlowStep, UserFlow
from ....core.records.bulk.rows import FLOWS
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import listed, properties, text, whole

HIDDEN = "<hidden>"
"""Stands for what was typed into a secret field."""
_SECRET = re.compile(
    r"pass(?:word|wd|code|phrase)?\b|\bpwd|\bpin\b|\bcvv|\bcvc|card.?num|secret|token|\botp\b", re.IGNORECASE
)
_TOLD = frozenset({"type", "selectors", "url", "value", "key", "frame", "target", "assertedEvents"})
MAX_STEPS = 5_000


class ChromeRecorder(PagesFormat):
    """A DevTools recording -> a record of a flow."""

    name = "chrome-recorder"
    produces: tuple[str, ...] = (FLOWS,)
    about = About(
        title="Chrome DevTools recording",
        producers="Chrome DevTools Recorder, @puppeteer/replay",
        versions="JSON of Chrome 101 and later",
        recognised_by="`title` and `steps` whose items have a known `type`",
        fields="title; steps type, selectors, url, value, key, frame, target, assertedEvents and other settings",
        sample=Sample.REAL,
        how_to_export="DevTools > Recorder > export > JSON",
    )
    one = "step"

    def recognises(self, head: Head) -> bool:
        """By its steps."""
        page = dict_at(head.json)
        return "title" in page and text(dict_at(first_of(page.get("steps"))).get("type")) is not None

    def document(self, document: Any, reading: Reading) -> Iterable[UserFlow]:
        """The flow."""
        page = dict_at(document)
        if "title" not in page or not isinstance(page.get("steps"), list):
            raise Unusable("no `title` and `steps`")
        steps = tuple(_step(dict_at(step)) for step in page["steps"][:MAX_STEPS])
        if steps:
            digest = hashlib.sha256(orjson.dumps(page, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
            yield UserFlow(id=digest, title=text(page["title"]) or "", source="chrome-recorder", steps=steps)


def _step(told: dict[str, Any]) -> FlowStep:
    action = text(told.get("type"), 100)
    if action is None or not action.isidentifier():
        raise Unusable("a step needs `type`")
    selectors = tuple(found for one in listed(told.get("selectors")) if (found := _selector(one)))
    event = dict_at(
        next((e for e in listed(told.get("assertedEvents")) if dict_at(e).get("type") == "navigation"), None)
    )
    value = text(told.get("value"))
    is_secret = value is not None and any(_SECRET.search(part) for way in selectors for part in way)
    return FlowStep(
        action=action,
        selectors=selectors,
        url=text(told.get("url")),
        value=HIDDEN if is_secret else value,
        key=text(told.get("key")),
        frame=tuple(at for index in listed(told.get("frame")) if (at := whole(index)) is not None),
        target=text(told.get("target")),
        expects_url=text(event.get("url")),
        expects_title=text(event.get("title")),
        details=properties({name: value for name, value in told.items() if name not in _TOLD}),
    )


def _selector(told: Any) -> tuple[str, ...]:
    parts = told if isinstance(told, list) else [told]
    return tuple(found for part in parts if (found := text(part)))
