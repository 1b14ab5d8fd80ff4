"""What runs generated browser tests, for folders that have no setup yet: the browsers that people use, by share."""

from collections.abc import Sequence

from ..core.records.production.scenarios import BrowserShare
from .literals import javascript_prose

# Playwright's engine and device of a browser on a kind of device; what is not here has none.
_DEVICES: dict[tuple[str, str], str] = {
    ("chrome", "desktop"): "Desktop Chrome",
    ("chrome", "mobile"): "Pixel 7",
    ("chrome", "tablet"): "Galaxy Tab S9",
    ("edge", "desktop"): "Desktop Edge",
    ("firefox", "desktop"): "Desktop Firefox",
    ("safari", "desktop"): "Desktop Safari",
    ("safari", "mobile"): "iPhone 15",
    ("safari", "tablet"): "iPad (gen 11)",
}
# Other names of the same, as sources write them.
_SAME = {"chromium": "chrome", "headlesschrome": "chrome", "microsoft edge": "edge", "msedge": "edge"}
_CHROMIUM = frozenset({"chrome", "edge"})

_CONFIG = """\
// Written by aqe. Where a browser of the system is to run instead of Playwright's own:
// AQE_CHROMIUM=/usr/bin/chromium npx playwright test --project=chrome-desktop
import { defineConfig, devices } from "@playwright/test";

const executablePath = process.env.AQE_CHROMIUM;
const chromium = executablePath ? { executablePath, args: ["--no-sandbox"] } : {};

export default defineConfig({
  // A busy machine is no failure, and what passes waits no longer for it.
  timeout: 120_000,
  expect: { timeout: 15_000 },
  use: { baseURL: process.env.AQE_TARGET_URL ?? "http://127.0.0.1:8000", trace: "retain-on-failure" },
  projects: [
PROJECTS  ],
});
"""
CONFTEST = '''\
"""Written by aqe: where a browser of the system is to run instead of Playwright's own.

AQE_CHROMIUM=/usr/bin/chromium pytest
"""

import os
from typing import Any

import pytest
from playwright.sync_api import expect

# A busy machine is no failure, and what passes waits no longer for it.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The arguments of pytest-playwright, and the browser of the system."""
    chromium = os.environ.get("AQE_CHROMIUM")
    if not chromium:
        return browser_type_launch_args
    return browser_type_launch_args | {"executable_path": chromium, "args": ["--no-sandbox"]}
'''
"""conftest.py beside tests for pytest-playwright."""


def playwright_config(browsers: Sequence[BrowserShare]) -> str:
    """playwright.config.ts with a project for each browser and device in use that Playwright can be; the first one
    is Chrome on a desktop where nothing is known.

    >>> text = playwright_config([BrowserShare(browser="safari", device="mobile", share=0.31)])
    >>> print(text[text.index("  projects"):])
      projects: [
        // 31 % of the page views.
        { name: "safari-mobile", use: { ...devices["iPhone 15"] } },
      ],
    });
    <BLANKLINE>
    """
    shares: dict[tuple[str, str], float] = {}
    for one in browsers:
        key = (_SAME.get(one.browser, one.browser), one.device or "desktop")
        if key in _DEVICES:
            shares[key] = shares.get(key, 0) + one.share
    ordered = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    lines = [line for key, share in ordered for line in _project(key, f"{share:.0%}".replace("%", " %"))]
    return _CONFIG.replace("PROJECTS", "".join(lines or _project(("chrome", "desktop"), None)))


def _project(key: tuple[str, str], share: str | None) -> list[str]:
    comment = [f"    // {javascript_prose(share)} of the page views.\n"] if share else []
    launch = ", launchOptions: chromium" if key[0] in _CHROMIUM else ""
    return [*comment, f'    {{ name: "{"-".join(key)}", use: {{ ...devices["{_DEVICES[key]}"]{launch} }} }},\n']
