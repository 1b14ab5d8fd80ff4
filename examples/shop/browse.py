"""Visits the shop's pages with a real browser, as people do.

    python browse.py --base-url http://127.0.0.1:8081 --visits 10 --seed 7 --record visits.har --json

Three kinds of visitors: a bouncer looks at the first page and leaves, a browser looks around, a buyer searches, fills
the cart, logs in and buys. The same seed makes the same visits. Needs Playwright for Python and a Chromium
(`--chromium`, or `chromium` on the PATH). Goes to this machine alone.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, sync_playwright

import har
from traffic import loopback_address
from visits import CATEGORIES, SEARCHES

EXIT_VISITED = 0
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3

# Shares of the kinds of visitors.
KINDS = {"bouncer": 2, "browser": 3, "buyer": 5}

# How long a page may take before the visitor gives up, in milliseconds.
PATIENCE_MS = 30_000

CUSTOMERS = (
    ("reader@example.test", "paper-and-ink"),
    ("gardener@example.test", "spade-and-seed"),
    ("cook@example.test", "salt-and-thyme"),
)
DECLINED_SHARE = 0.2
DECLINED_CARD, GOOD_CARD = "4000000000000002", "4242424242424242"


@dataclass
class Summary:
    """What the visitors saw. An error is a JavaScript error or an answer with 5xx."""

    visits: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    orders: int = 0
    errors: list[str] = field(default_factory=list)


def _pick(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _open(product: Locator) -> None:
    product.click()
    product.page.wait_for_url("**/products/*")


def bounce(page: Page, _rng: random.Random) -> None:
    """One look at the first page."""
    page.goto("/")


def look_around(page: Page, rng: random.Random) -> None:
    """A category, a look at some products, another page of the list, and back to a search."""
    page.goto("/")
    page.get_by_label("Category").select_option(_pick(rng, CATEGORIES))
    page.get_by_test_id("search").click()
    for _ in range(rng.randint(1, 2)):
        links = page.get_by_test_id("product").get_by_role("link")
        links.first.wait_for()  # count() does not wait for the page
        _open(links.nth(rng.randrange(links.count())))
        page.go_back()
    page.get_by_role("link", name="Products", exact=True).click()
    page.get_by_test_id("next-page").click()
    page.get_by_role("searchbox").fill(_pick(rng, SEARCHES))
    page.get_by_test_id("search").click()


def _fill_cart(page: Page, rng: random.Random) -> None:
    page.get_by_label("Category").select_option("kitchen")
    page.get_by_label("Sort by").select_option(rng.choice(("name", "price")))
    page.get_by_test_id("search").click()
    for number in rng.sample(range(4), 2):
        _open(page.get_by_test_id("product").get_by_role("link").nth(number))
        if page.get_by_test_id("add-to-cart").count():
            page.get_by_label("Quantity").fill(str(rng.randint(1, 3)))
            page.get_by_test_id("add-to-cart").click()
            page.get_by_test_id("cart").wait_for()
            page.go_back()
        page.go_back()
    page.get_by_test_id("nav-cart").click()


def _fill_checkout(page: Page, card: str) -> None:
    for label, text in (
        ("Name", "Robin Reader"),
        ("Street and number", "Long Lane 7"),
        ("Postcode", "1010"),
        ("City", "Vienna"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Country").select_option("AT")
    page.get_by_label("Card number").fill(card)
    page.get_by_label("Expires (MM/YY)").fill("12/40")
    page.get_by_label("Security code").fill("123")
    page.get_by_test_id("place-order").click()


def buy(page: Page, rng: random.Random) -> None:
    """Fill the cart, change it, log in, buy (sometimes with a declined card first), look at the orders, log out."""
    page.goto("/")
    _fill_cart(page, rng)
    quantity = page.get_by_test_id("cart-line").first.get_by_role("spinbutton")
    quantity.fill(str(rng.randint(1, 3)))
    page.get_by_test_id("update").first.click()
    if page.get_by_test_id("cart-line").count() > 1 and rng.random() < 0.5:
        page.get_by_test_id("remove").last.click()
    page.get_by_test_id("checkout").click()
    email, password = rng.choice(CUSTOMERS)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_test_id("log-in").click()
    if rng.random() < DECLINED_SHARE:
        _fill_checkout(page, DECLINED_CARD)
        page.get_by_test_id("checkout-problem").wait_for()
    _fill_checkout(page, GOOD_CARD)
    page.get_by_role("heading", name="Thank you for your order").wait_for()
    page.get_by_test_id("nav-orders").click()
    page.get_by_test_id("order-link").first.click()
    page.get_by_test_id("log-out").click()
    page.get_by_test_id("nav-login").wait_for()


VISITS: dict[str, Callable[[Page, random.Random], None]] = {"bouncer": bounce, "browser": look_around, "buyer": buy}


def _watch(page: Page, summary: Summary) -> None:
    page.on("pageerror", lambda error: summary.errors.append(str(error)))
    page.on("load", lambda _page: setattr(summary, "pages", summary.pages + 1))
    page.on(
        "response",
        lambda answer: summary.errors.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None,
    )


def _visit(context: BrowserContext, kind: str, rng: random.Random, summary: Summary) -> None:
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    _watch(page, summary)
    try:
        VISITS[kind](page, rng)
        # Leaving the page is what sends its last report.
        page.goto("about:blank")
    finally:
        context.close()
    summary.visits[kind] = summary.visits.get(kind, 0) + 1
    summary.orders += kind == "buyer"


def _visits(browser: Browser, base_url: str, visits: int, seed: int, archives: Path | None) -> Summary:
    summary = Summary()
    for number in range(visits):
        # Not for secrets: a repeatable stream is the point.
        rng = random.Random(f"{seed}/{number}")  # noqa: S311
        recording: dict[str, Any] = (
            {"record_har_path": archives / f"{number}.har", "record_har_content": "embed"} if archives else {}
        )
        context = browser.new_context(base_url=base_url, **recording)
        _visit(context, _pick(rng, KINDS), rng, summary)
    return summary


def _merge(archives: Path, record: Path) -> None:
    """One archive of all visits, in which each visit's pages keep a number of their own."""
    pages: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for path in sorted(archives.glob("*.har")):
        log = json.loads(path.read_text(encoding="utf-8"))["log"]
        for page in log.get("pages", []):
            page["id"] = f"{path.stem}-{page['id']}"
            pages.append(page)
        for one in log["entries"]:
            one["pageref"] = f"{path.stem}-{one.get('pageref', '')}"
            entries.append(one)
    har.write(record, "browse.py", entries, pages)


def visit(base_url: str, *, visits: int, seed: int, chromium: str, record: Path | None = None) -> Summary:
    """Make the visits, one after the other, each in a fresh browser profile.

    Raises:
        ValueError: `base_url` is not this machine.
        playwright.sync_api.Error: there is no such browser, nothing answers, or a page lacks what a visitor looked for.
        OSError: the archive can not be written.
    """
    loopback_address(base_url)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            summary = _visits(browser, base_url, visits, seed, Path(folder) if record else None)
        finally:
            browser.close()
        if record is not None:
            _merge(Path(folder), record)
    return summary


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; the exit code: 0 visited, 2 wrong usage, 3 nothing there, or not what a visitor looks for."""
    parser = argparse.ArgumentParser(description="Visit the shop's pages with Chromium, on this machine only.")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "", help="the browser's program")
    parser.add_argument("--record", type=Path, metavar="FILE.har", help="keep what was asked and answered")
    parser.add_argument("--json", action="store_true", help="the summary as JSON on stdout")
    flags = parser.parse_args(argv)
    if not flags.chromium:
        parser.error("no chromium on the PATH: give --chromium PROGRAM")
    try:
        summary = visit(
            flags.base_url, visits=flags.visits, seed=flags.seed, chromium=flags.chromium, record=flags.record
        )
    except ValueError as error:
        print(f"browse: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (Error, OSError) as error:
        print(f"browse: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return EXIT_UNREACHABLE
    if flags.json:
        print(json.dumps(asdict(summary), indent=2))
    else:
        for name, value in asdict(summary).items():
            print(f"{name}: {value}")
    return EXIT_VISITED


if __name__ == "__main__":
    sys.exit(main())
