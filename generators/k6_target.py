"""LoadTest -> a k6 script: arrivals at a rate that follows the record, whatever the service does (an open model).

The same endpoints in the same order in every run: which one is asked for depends on the iteration's number alone. Laid
out with two blanks and double quotes, as the formatters of that world do it.
"""

from collections.abc import Iterator
from math import ceil

from ..core.records.production.load_test import LoadLimit, LoadTest
from .derived import wrapped
from .literals import javascript, javascript_prose
from .load_words import BODY_METHODS, DATA_ENV, GOLDEN, IDS, limits_by_figure

_WIDTH = 100
_UNITS = (("1s", 1), ("1m", 60), ("1h", 3600), ("24h", 86_400))
"""k6 takes whole numbers of requests: the first unit that gives the peak four digits is used."""
_EXACT_FROM = 1_000
MAX_SENDERS = 10_000
"""Virtual users at most: each costs megabytes."""
PREPARED_S, WORST_S = 2, 5
"""Response times for which virtual users are there from the begin, and at most if so many are allowed: one that is
made while the test runs comes too late for the arrival that needed it."""
LEAST_SENDERS, MAX_PREPARED = 10, 2_000
TIMEOUT_S = 30
_DROPPED = 0.01
"""Share of the arrivals that may find no sender before the run fails: its load was not what was asked."""
_CONDITIONS = {"errors": "rate<={}", "refused": "rate<={}", "p95": "p(95)<={}", "p99": "p(99)<={}"}
_METRICS = {"errors": "http_req_failed", "refused": "refused"}

_BODY = """
// Share of 4xx answers. Many 404 mean that the made-up ids do not exist where this runs.
const refused = new Rate("refused");

// 4xx is what the client did wrong; failures are 5xx and no answer.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 499 }));

export function setup() {
  if (!/^https?:\\/\\//.test(TARGET)) {
    fail(`AQE_TARGET_URL is "${TARGET}", expected the base URL of the service, such as http://127.0.0.1:8000`);
  }
}

/**
 * Multiples of the golden ratio fill 0 to 1 evenly: any stretch of the run has the mix, not only the whole of it.
 *
 * @param {number} iteration
 */
function drawn(iteration) {
  let at = (iteration * GOLDEN) % 1;
  return REQUESTS.find((request) => (at -= request.share) < 0) || REQUESTS[0];
}

export default function () {
  const iteration = exec.scenario.iterationInTest;
  const { name, method, path } = drawn(iteration);
  const filled = path.replace(/\\{(\\w+)\\}/g, (_, slot) => {
    return encodeURIComponent(IDS[slot][iteration % IDS[slot].length]);
  });
  const body = BODIES[name];
  const response = http.request(method, TARGET + filled, body === undefined ? null : JSON.stringify(body), {
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    redirects: 0,
    tags: { name: `${method} ${path}`, endpoint: name },
    timeout: "TIMEOUTs",
  });
  refused.add(response.status >= 400 && response.status < 500, { endpoint: name });
}
""".replace("GOLDEN", GOLDEN).replace("TIMEOUT", str(TIMEOUT_S))


class K6Target:
    """Load tests for k6."""

    name = "k6"
    language = "javascript"

    def file_name(self, test: LoadTest) -> str:
        """`load_busiest_day.k6.js`."""
        return f"load_{test.name}.k6.js"

    def render(self, test: LoadTest) -> str:
        """The file's text; see LoadTarget."""
        return "\n".join([*_header(test, self.file_name(test)), *_data(test), *_options(test)]) + "\n" + _BODY


def _header(test: LoadTest, file: str) -> Iterator[str]:
    yield "/**"
    for paragraph in (
        f"Load test: {test.title}.",
        f"Written by aqe from what production did. {test.derived}",
        *test.notes,
    ):
        yield from (f" * {line}" for line in wrapped(javascript_prose(paragraph), _WIDTH - 3))
        yield " *"
    yield " * Run and judge it:"
    yield f" *   AQE_TARGET_URL=http://127.0.0.1:8000 k6 run --summary-export=k6.json {file}"
    yield " *   aqe import k6.json && aqe deploy assess"
    yield " */"
    yield 'import exec from "k6/execution";'
    yield 'import http from "k6/http";'
    yield 'import { fail } from "k6";'
    yield 'import { Rate } from "k6/metrics";'


def _data(test: LoadTest) -> Iterator[str]:
    yield ""
    yield 'const TARGET = (__ENV.AQE_TARGET_URL || "").replace(/\\/+$/, "");'
    yield ""
    yield f"// {DATA_ENV}=/absolute/path/data.json has the ids and bodies of where this runs: {{ ids, bodies }}."
    yield "/** @type {{ ids?: Record<string, string[]>, bodies?: Record<string, unknown> }} */"
    yield f"const GIVEN = __ENV.{DATA_ENV} ? JSON.parse(open(__ENV.{DATA_ENV})) : {{}};"
    yield f"const MADE_UP = {javascript(IDS)};"
    yield "/** @type {Record<string, string[]>} */"
    yield "const IDS = {"
    yield from (f"  {_property(slot)}: MADE_UP," for slot in test.slots)
    yield "  ...GIVEN.ids,"
    yield "};"
    yield "/** @type {Record<string, unknown>} */"
    yield "const BODIES = {"
    yield from (f"  {_property(r.name)}: {{}}," for r in test.requests if r.method in BODY_METHODS)
    yield "  ...GIVEN.bodies,"
    yield "};"
    yield ""
    yield "const REQUESTS = ["
    for r in test.requests:
        yield "  " + javascript({"share": round(r.share, 6), "name": r.name, "method": r.method, "path": r.path}) + ","
    yield "];"


def _options(test: LoadTest) -> Iterator[str]:
    unit, seconds = next(((u, s) for u, s in _UNITS if test.peak_rps * s >= _EXACT_FROM), _UNITS[-1])
    senders = min(MAX_SENDERS, max(LEAST_SENDERS, test.in_flight, _prepared(test)))
    yield ""
    yield "export const options = {"
    yield "  discardResponseBodies: true,"
    yield '  summaryTrendStats: ["avg", "med", "p(95)", "p(99)", "max"],'
    yield "  scenarios: {"
    yield "    recorded: {"
    yield '      executor: "ramping-arrival-rate",'
    yield f'      timeUnit: "{unit}",'
    yield f"      startRate: {round(test.start_rps * seconds)},"
    yield "      stages: ["
    for stage in test.stages:
        target = round(stage.end_rps * seconds)
        yield f'        {{ duration: "{javascript(stage.duration_s)}s", target: {target} }},'
    yield "      ],"
    law = f"Little's law: {test.in_flight_because}: {test.in_flight:,} at the same time."
    law += f" Here for answers that take {senders / test.peak_rps:.3g} s, and more for up to {WORST_S} s."
    yield from (f"      // {line}" for line in wrapped(javascript_prose(law), _WIDTH - 9))
    yield f"      preAllocatedVUs: {senders},"
    yield f"      maxVUs: {max(senders, min(MAX_SENDERS, ceil(test.peak_rps * WORST_S)))},"
    yield "    },"
    yield "  },"
    yield "  thresholds: {"
    yield "    // Arrivals for which no virtual user was free: beyond this the load was not the one asked for."
    yield f'    dropped_iterations: ["count<={ceil(test.planned * _DROPPED)}"],'
    for (figure, endpoint), limits in limits_by_figure(test.limits):
        yield from _threshold(figure, endpoint, limits)
    yield "  },"
    yield "};"


def _prepared(test: LoadTest) -> int:
    return min(MAX_PREPARED, ceil(test.peak_rps * PREPARED_S))


def _threshold(figure: str, endpoint: str | None, limits: list[LoadLimit]) -> Iterator[str]:
    metric = _METRICS.get(figure, "http_req_duration") + (f"{{endpoint:{endpoint}}}" if endpoint else "")
    rules = [_CONDITIONS[limit.figure].format(f"{limit.most:g}") for limit in limits]
    for limit in limits:
        yield f"    // {_CONDITIONS[limit.figure].split('<')[0]}: {javascript_prose(limit.because)}."
    yield f"    {_property(metric)}: {javascript(rules)},"


def _property(name: str) -> str:
    return javascript({name: 0}).removeprefix("{ ").removesuffix(": 0 }")
