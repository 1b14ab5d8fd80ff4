"""The AsyncAPI document of the events."""

import json
import re
from pathlib import Path

import pytest

from aqe.bus.events import EVENT_TYPES
from aqe.fleet.schemas import asyncapi, schemas
from aqe.tests.e2e.test_subscribers import npm_install, run


def test_the_asyncapi_document_holds_together() -> None:
    """A channel and a message for every event; every reference leads somewhere; nothing of newer dialects."""
    document = asyncapi()
    assert [c["address"] for c in document["channels"].values()] == [f"aqe:events:{kind}" for kind in EVENT_TYPES]
    assert {o["action"] for o in document["operations"].values()} == {"send", "receive"}
    text = json.dumps(document)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', text):
        target = document
        for step in reference.split("/"):
            target = target[step]
    assert not re.search(r'"(\$defs|prefixItems|unevaluatedProperties|dependentSchemas)"', text)


CHECK = """
const { Parser } = require("@asyncapi/parser");
const text = require("fs").readFileSync(0, "utf8");
new Parser().parse(text).then(({ document, diagnostics }) => {
  const bad = diagnostics.filter((d) => d.severity < 2).map((d) => `${d.path.join(".")}: ${d.message}`);
  const messages = document ? document.messages().all().map((m) => m.name()) : [];
  console.log(JSON.stringify({ bad, messages }));
});
"""


@pytest.mark.xdist_group("npm")
def test_the_asyncapi_document_is_valid(tmp_path: Path) -> None:
    """In the eyes of AsyncAPI's own parser: no error and no warning."""
    npm_install(tmp_path, "@asyncapi/parser@3")
    (tmp_path / "check.cjs").write_text(CHECK, encoding="utf-8")
    found = json.loads(run("node", "check.cjs", cwd=tmp_path, stdin=schemas()["asyncapi.json"]))
    assert found == {"bad": [], "messages": list(EVENT_TYPES)}
