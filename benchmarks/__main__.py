"""`python -m benchmarks`: lists the benchmarks; `python -m benchmarks NAME [flags]` runs one.

From the repository's root, or as `python -m aqe.benchmarks` from anywhere with an editable install. Each starts servers
of its own on loopback, pins itself to one core, prints tables for people and, as its last line, one JSON object.
"""

import signal
import sys
from importlib import import_module
from types import FrameType

BENCHMARKS = {
    "bus": ("bus.driver", "publish, consume, end to end, latency against raw redis-py and other libraries (12 min)"),
    "memory": ("memory", "glob retrieval from 1,000 to 1,000,000 keys, what the index costs (2 min)"),
    "hooks": ("hooks", "hooks around a task, and against starting a process (15 s)"),
    "ab": ("ab", "experiments looked at every day: false alarms and power beside the naive test (1 min)"),
    "incidents": ("incidents.faults", "which service a fault was injected into, of recorded faults (10 s)"),
    "replay": ("incidents.replay", "an incident replayed: fidelity, time scales, before and after the repair (5 min)"),
    "anomaly": ("anomaly", "anomaly detection on labelled series, and its speed (1 min)"),
    "importers": ("imports.production", "reading production's bulk formats against json.loads (5 min)"),
    "imports": ("imports.whole", "whole imports of up to 1 GB: CPU time against the plain parsers, memory (5 min)"),
    "redaction": ("redaction.scores", "what redaction finds and touches, and its speed (2 min)"),
    "reports": ("imports.reports", "reading JUnit, lcov, k6, JMeter against the plain parsers (2 min)"),
    "drill": ("drills.driver", "faults against the bus: processes, servers and connections that die (4 min)"),
    "soak": ("soak.driver", "mixed load with random kills: lost, doubled, growing (10 min; SOAK_S)"),
    "logs": ("logs.templates", "log templates on labelled lines, and their speed (1 min)"),
    "load": ("visits.load", "load as ramps, visitors told apart, intervals, what a million rows cost (2 min)"),
    "rum": ("visits.rum", "RUM analysis at a large shop's size beside polars, and hostile rows (3 min)"),
    "journeys": ("visits.journeys", "user journeys of 850,000 sessions against polars, and of hostile rows (2 min)"),
    "load-tests": ("generated.load_tests", "generated k6 and Locust tests: arrivals and mix against the plan (7 min)"),
    "e2e": ("generated.e2e", "browser tests made of real traffic, run 20 times against the healthy shop (8 min)"),
    "mutants": ("generated.mutants", "seeded bugs that tests made of real traffic notice, beside a recorder (60 min)"),
    "risk": ("decisions.risk", "prediction of failures on labelled commits, against scikit-learn (2 min)"),
    "confidence": ("decisions.confidence", "whether the intervals of release confidence cover (5 min)"),
    "judge": ("decisions.judge", "false alarms and detection time of the canary judges, beside Kayenta's test (5 min)"),
    "drill-regions": ("rollouts.regions", "releases to four regions: good, bad ones, a coordinator killed (45 min)"),
    "record-rollout": ("rollouts.recorded", "a canary and a release to four regions into the docs (5 min)"),
    "drill-rollout": ("rollouts.releases", "rollouts on HAProxy, nginx: good, bad, lost metrics or runners (45 min)"),
    "assess": ("decisions.assess", "what an assessment costs with 1,000 to 100,000 deployments of history (3 min)"),
    "drill-cluster": ("cluster.drill", "fail-overs of a Cluster and behind Sentinel, what a fleet costs (15 min)"),
}
"""Name -> module with `main(arguments)`, one line of help."""


def main(arguments: list[str]) -> int:
    """Run the benchmark that the first argument names."""
    # SIGTERM ends it like Ctrl-C: servers and children are stopped on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    if not arguments or arguments[0] not in BENCHMARKS:
        print("usage: python -m benchmarks NAME [--quick] [--help]\n")
        for name, (_, text) in BENCHMARKS.items():
            print(f"  {name:15}{text}")
        return 0 if not arguments or arguments[0] in ("-h", "--help") else 2
    module = import_module(f".{BENCHMARKS[arguments[0]][0]}", __package__)
    try:
        return int(module.main(arguments[1:]))
    except KeyboardInterrupt:
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
