"""What pages of one kind have in common (HAR with its answers): title, heading, test ids and what those are called, the
labels of fields, the forms of texts such as prices."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from typing import NamedTuple

from ....core.records.bulk.recordings import ExchangeRow
from ....core.records.production.scenarios import Expectation, Locator
from ..endpoints import endpoint
from ..recorded.text_forms import forms

MAX_TEST_IDS = 8
"""Expected of a page, the first in the document."""
MAX_LABELS = 10
"""Of fields, the first in the document."""
MIN_RECORDED = 2
"""Pages of a kind; of a single one it is not known what differs."""
# A number, or what redaction put in the place of something: that of one page at one time.
_PASSING = re.compile(r"\d|<")
_VOID = frozenset({"input", "br", "img", "hr", "meta", "link", "source", "wbr"})
_ROLES = {"button": "button", "a": "link"}
_FIELDS = frozenset({"input", "select", "textarea"})
# Of fields that are often drawn by something else, and hidden themselves.
_DRAWN = frozenset({"hidden", "checkbox", "radio", "file", "submit", "button", "image", "reset", "range", "color"})


class PageFacts(NamedTuple):
    """What all recorded pages of a kind had."""

    expectations: tuple[Expectation, ...]
    controls: Mapping[str, Locator]
    """Test id of a button or link -> its role and accessible name."""


def page_facts(recorded: Iterable[ExchangeRow]) -> dict[str, PageFacts]:
    """Page, with ids as `{id}` -> its facts; a page that was not answered whole tells nothing."""
    pages: defaultdict[str, list[str]] = defaultdict(list)
    for row in recorded:
        if html := whole_page(row):
            pages[endpoint(row.path)].append(html)
    return {path: in_common(found) for path, found in pages.items() if len(found) >= MIN_RECORDED}


def whole_page(row: ExchangeRow) -> str | None:
    """The document that was answered; None where it was none, or is not there whole."""
    html = row.response_body or ""
    found = row.method == "GET" and row.status == 200 and "html" in (row.response_type or "") and "</html>" in html
    return html if found else None


class _Page(HTMLParser):
    """Title, first heading, test ids with their texts, and labels of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.title, self.heading = "", ""
        self.test_ids: dict[str, str] = {}
        """Test id -> accessible name of the button or link."""
        self.roles: dict[str, str] = {}
        self.texts: defaultdict[str, list[str]] = defaultdict(list)
        """Test id -> text of each element that has it."""
        self.composed: set[str] = set()
        """Test ids of elements with others inside: what they read as together is a matter of layout."""
        self._control: str | None = None
        self._open: list[tuple[str, str | None]] = []
        """Tags with their test ids."""
        self._fields: set[str] = set()
        self._labels: dict[str, str] = {}
        self._labelled: str | None = None
        self.feed(html)
        self.labels = {" ".join(text.split()): None for name, text in self._labels.items() if name in self._fields}
        self.title, self.heading = (" ".join(text.split()) for text in (self.title, self.heading))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a test id; hidden elements are none."""
        told = dict(attrs)
        test_id = told.get("data-testid")
        if test_id and "hidden" not in told and told.get("type") != "hidden":
            self.test_ids[test_id] = told.get("aria-label") or ""
            self.texts[test_id].append("")
            if tag in _ROLES:
                self.roles[test_id] = _ROLES[tag]
                self._control = None if told.get("aria-label") else test_id
        if tag == "label" and told.get("for"):
            self._labelled = told["for"]
        if tag in _FIELDS and told.get("id") and "hidden" not in told and told.get("type") not in _DRAWN:
            self._fields.add(told["id"] or "")
        if tag not in _VOID:
            self.composed.update(i for _, i in self._open if i)
            self._open.append((tag, test_id))

    def handle_endtag(self, tag: str) -> None:
        """Closes what was opened."""
        if tag in _ROLES:
            self._control = None
        if tag == "label":
            self._labelled = None
        while self._is_in(tag) and self._open.pop()[0] != tag:
            pass

    def _is_in(self, tag: str) -> bool:
        return any(tag == name for name, _ in self._open)

    def handle_data(self, data: str) -> None:
        """Text of the title, of the heading, of labels and of elements with a test id."""
        if self._is_in("title") and not self._is_in("svg"):
            self.title += data
        if self._is_in("h1"):
            self.heading += data
        if self._labelled is not None:
            self._labels[self._labelled] = self._labels.get(self._labelled, "") + data
        if self._open and (test_id := self._open[-1][1]) and self.texts[test_id]:
            self.texts[test_id][-1] += data
        if self._control is not None:
            self.test_ids[self._control] += data


def in_common(documents: Sequence[str], most_test_ids: int = MAX_TEST_IDS) -> PageFacts:
    """What all of them had.

    Args:
        documents: HTML, one or more.
        most_test_ids: expected at most, the first in the document.
    """
    pages = [_Page(html) for html in documents]
    because = f"on all {len(pages):,} recorded pages"
    title, heading = _same(page.title for page in pages), _same(page.heading for page in pages)
    found = [Expectation(kind="title-is", value=title, because=because)] if title else []
    found += [Expectation(kind="heading-visible", value=heading, because=because)] if heading else []
    shared = set(pages[0].test_ids).intersection(*(page.test_ids for page in pages))
    ids = [test_id for test_id in pages[0].test_ids if test_id in shared and not _PASSING.search(test_id)]
    found += [Expectation(kind="element-visible", value=test_id, because=because) for test_id in ids[:most_test_ids]]
    labels = [label for label in pages[0].labels if all(label in page.labels for page in pages)]
    for label in [label for label in labels if label and not _PASSING.search(label)][:MAX_LABELS]:
        found.append(Expectation(kind="field-labelled", value=label, because=because))
    for test_id in ids[:most_test_ids]:
        texts = [" ".join(text.split()) for page in pages for text in page.texts[test_id]]
        if not any(test_id in page.composed for page in pages) and (form := forms(texts)):
            told = f"of this form in all {len(texts):,} recorded places"
            found.append(Expectation(kind="text-matches", path=test_id, value=form, because=told))
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
