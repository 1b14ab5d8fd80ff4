"""What pages of one kind have in common: title, heading, test ids, and what those are called (HAR with its answers)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import NamedTuple

from ...core.records.recordings import ExchangeRow
from ...core.records.scenarios import Expectation, Locator
from .endpoints import endpoint

MAX_TEST_IDS = 8
"""Expected of a page, the first in the document."""
MIN_RECORDED = 2
"""Pages of a kind; of a single one it is not known what differs."""
# A number, or what redaction put in the place of something: that of one page at one time.
_PASSING = re.compile(r"\d|<")
_VOID = frozenset({"input", "br", "img", "hr", "meta", "link", "source", "wbr"})
_ROLES = {"button": "button", "a": "link"}


class PageFacts(NamedTuple):
    """What all recorded pages of a kind had."""

    expectations: tuple[Expectation, ...]
    controls: Mapping[str, Locator]
    """Test id of a button or link -> its role and accessible name."""


def page_facts(recorded: Iterable[ExchangeRow]) -> dict[str, PageFacts]:
    """Page, with ids as `{id}` -> its facts; a page that was not answered whole tells nothing."""
    pages: defaultdict[str, list[_Page]] = defaultdict(list)
    for row in recorded:
        html = row.response_body or ""
        if row.method == "GET" and row.status == 200 and "html" in (row.response_type or "") and "</html>" in html:
            pages[endpoint(row.path)].append(_Page(html))
    return {path: _common(found) for path, found in pages.items() if len(found) >= MIN_RECORDED}


class _Page(HTMLParser):
    """Title, first heading and test ids of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.title, self.heading = "", ""
        self.test_ids: dict[str, str] = {}
        """Test id -> accessible name of the button or link."""
        self.roles: dict[str, str] = {}
        self._control: str | None = None
        self._open: list[str] = []
        self.feed(html)
        self.title, self.heading = (" ".join(text.split()) for text in (self.title, self.heading))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a test id; hidden elements are none."""
        told = dict(attrs)
        test_id = told.get("data-testid")
        if test_id and "hidden" not in told and told.get("type") != "hidden":
            self.test_ids[test_id] = told.get("aria-label") or ""
            if tag in _ROLES:
                self.roles[test_id] = _ROLES[tag]
                self._control = None if told.get("aria-label") else test_id
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Closes what was opened."""
        if tag in _ROLES:
            self._control = None
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Text of the title and of the heading."""
        if "title" in self._open and "svg" not in self._open:
            self.title += data
        if "h1" in self._open:
            self.heading += data
        if self._control is not None:
            self.test_ids[self._control] += data


def _common(pages: list[_Page]) -> PageFacts:
    because = f"on all {len(pages):,} recorded pages"
    title, heading = _same(page.title for page in pages), _same(page.heading for page in pages)
    found = [Expectation(kind="title-is", value=title, because=because)] if title else []
    found += [Expectation(kind="heading-visible", value=heading, because=because)] if heading else []
    shared = set(pages[0].test_ids).intersection(*(page.test_ids for page in pages))
    ids = [test_id for test_id in pages[0].test_ids if test_id in shared and not _PASSING.search(test_id)]
    found += [Expectation(kind="element-visible", value=test_id, because=because) for test_id in ids[:MAX_TEST_IDS]]
    names = {test_id: _same(" ".join(page.test_ids[test_id].split()) for page in pages) for test_id in ids}
    controls = {
        test_id: Locator(by="role", value=pages[0].roles[test_id], name=name)
        for test_id, name in names.items()
        if name and test_id in pages[0].roles
    }
    return PageFacts(tuple(found), controls)


def _same(texts: Iterable[str]) -> str | None:
    """The text that all have, unless it is that of one page at one time."""
    different = set(texts)
    text = different.pop()
    return text if text and not different and not _PASSING.search(text) else None
