"""TestScenario with a sample -> JavaScript that sends its requests in turn and counts the bad ones."""

from ..core.records.production.scenarios import Sample, TestScenario
from .derived import wrapped
from .literals import javascript
from .sampled import chances, claim

_WIDTH = 100
_ASK = """
/** Status, null where there was no answer; and how many milliseconds it took. */
async function ask(method, path) {
  const began = performance.now();
  let status = null;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(TARGET.replace(/\\/$/, "") + path, { method, redirect: "manual", signal });
    await answer.arrayBuffer();
    status = answer.status;
  } catch {
    // No answer is a bad one.
  }
  return { status, tookMs: performance.now() - began };
}
"""
_TEST = """
{begin}
{chances}
  const run = async () => {{
    const bad = [];
    for (let number = 0; number < SENT; number += 1) {{
      const [method, path] = REQUESTS[number % REQUESTS.length];
      const {{ status, tookMs }} = await ask(method, path);
      const isBad = {condition};
      if (isBad) bad.push(`${{method}} ${{path}}: ${{status}} after ${{tookMs.toFixed(0)}} ms`);
      if (bad.length > ALLOWED) throw new Error(`${{bad.length}} of ${{number + 1}}: ${{bad.join(", ")}}`);
    }}
  }};
  test({claim}, run, SENT * TIMEOUT_MS);
}});
"""


def render_sample(scenario: TestScenario, sample: Sample, head: str, begin: str) -> str:
    """The file's text.

    Args:
        scenario: whose steps are requests without expectations of their own.
        sample: its own.
        head: header, and the constant TARGET.
        begin: the line that opens the `describe`.
    """
    limit = sample.slower_than_ms
    rows = [f"  [{javascript(step.method)}, {javascript(rooted(step.path))}]," for step in scenario.requests]
    constants = ["const REQUESTS = [", *rows, "];", f"const SENT = {sample.requests}; // in turn"]
    constants += [f"const ALLOWED = {sample.allowed}; // bad ones"]
    if limit is not None:
        constants.append(f"const LIMIT_MS = {limit:g};")
    constants.append(f"const TIMEOUT_MS = {max(10_000, round((limit or 0) * 5))};")
    test = _TEST.format(
        begin=begin,
        chances="\n".join(f"  // {line}" for line in wrapped(chances(sample), _WIDTH - 5)),
        condition="status === null || status >= 500" + ("" if limit is None else " || tookMs > LIMIT_MS"),
        claim=javascript(claim(sample)),
    )
    return "".join([head, "\n".join(constants) + "\n", _ASK, test])


def rooted(path: str) -> str:
    """The path as it stands behind the service's URL."""
    return path if path.startswith("/") else f"/{path}"
