# Relative paths only: the folder's name may hold spaces.
.DEFAULT_GOAL := help
# Every target that says what it does; no file has such a name.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' Makefile)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := $(shell command -v uv 2>/dev/null)
ifdef UV
MAKE_VENV := uv venv --quiet --allow-existing $(VENV)
INSTALL := uv pip install --quiet --python $(BIN)/python
else
MAKE_VENV := test -x $(BIN)/python || python3 -m venv $(VENV)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif
# The root holds folders such as agents/: keep it off sys.path, or openai-agents would be shadowed.
export PYTHONSAFEPATH := 1
# Debian packages that tests use when they are there (and must have when CI=true).
SYSTEM_PACKAGES := redis-server redis-tools golang-go jq openssl haproxy nginx-light prometheus chromium
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -qq

help:  ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile

$(READY): pyproject.toml
	@echo "setting up $(VENV), which downloads some packages the first time"
	$(MAKE_VENV)
	$(INSTALL) -e '.[dev]'
	@touch $@

run: $(READY)  ## the main job, end to end, on the embedded server
	$(BIN)/aqe demo

test: $(READY)  ## the whole suite
	$(BIN)/pytest -q -n 2 --dist loadgroup

check: $(READY)  ## ruff, mypy, import-linter, fast tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q -n 2 tests/unit tests/contract tests/architecture .dev/aqe/analysis

fmt: $(READY)  ## format
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format --quiet

bench: bench-bus bench-memory bench-hooks bench-risk bench-confidence bench-assess  ## all benchmarks (35 min)

bench-bus bench-memory bench-hooks bench-risk bench-confidence bench-assess: $(VENV)/.bench  ## one of them
	$(BIN)/python -P -m aqe.benchmarks $(@:bench-%=%)

bench-rum: $(VENV)/.bench  ## RUM analysis at a large shop's size beside polars, and hostile rows (3 min)
bench-journeys: $(VENV)/.bench  ## user journeys of 850,000 sessions against polars, and of hostile rows (2 min)
bench-rum bench-journeys:
	$(BIN)/python -P -m aqe.benchmarks $(@:bench-%=%)

bench-e2e: $(READY)  ## browser tests made of real traffic: 20 runs on the healthy shop (8 min)
bench-mutants: $(VENV)/.bench  ## seeded bugs that tests made of real traffic notice, beside a recorder (60 min)
bench-anomaly: $(READY)  ## anomaly detection on labelled series, and its speed (1 min)
bench-logs: $(READY)  ## log templates on labelled lines, rules chosen without them, and their speed (2 min)
bench-load: $(READY)  ## load as ramps, visitors told apart, intervals, what a million rows cost (2 min)
bench-load-tests: $(READY)  ## generated k6 and Locust tests: arrivals and mix against the plan (7 min)
bench-importers: $(READY)  ## reading production's bulk formats against json.loads (3 min)
bench-imports: $(READY)  ## whole imports of up to 1 GB against the plain parsers, and their memory (5 min)
bench-redaction: $(READY)  ## what redaction finds and touches wrongly, and its speed (2 min)
bench-reports: $(READY)  ## large reports against the plain parsers (2 min)
bench-judge: $(READY)  ## false alarms and detection time of the canary judges (5 min)
bench-ab: $(READY)  ## experiments looked at every day: false alarms and power (1 min)
bench-incidents: $(READY)  ## the service a fault was injected into, of recorded faults (10 s)
bench-replay: $(READY)  ## an incident replayed on two time scales, 20 times, before and after its repair (5 min)
bench-anomaly bench-logs bench-load bench-load-tests bench-importers bench-imports bench-redaction bench-reports \
bench-judge bench-ab bench-incidents bench-replay bench-e2e bench-mutants:
	$(BIN)/python -P -m aqe.benchmarks $(@:bench-%=%)

fuzz: $(READY)  ## 200,000 damaged files over all importers: only InputError, no hang, bounded memory (3 min)
	$(BIN)/python -P -m aqe.tests.contract.fuzzing

fuzz-tests: $(READY)  ## 10,000 hostile logs, recordings, sessions, access logs, incidents through every test target (5 min)
	$(BIN)/python -P -m aqe.tests.contract.fuzzing_tests

drill: $(READY)  ## kill processes, servers and connections under the bus; exit 1 when one drill fails (4 min)
	$(BIN)/python -P -m aqe.benchmarks drill

drill-peers: $(VENV)/.bench  ## four of them, run by the bus and by other libraries (7 min)
	$(BIN)/python -P -m aqe.benchmarks drill --peers

soak: $(READY)  ## SOAK_S seconds (600) of mixed load with random kills; exit 1 when anything is lost, doubled or grows
	$(BIN)/python -P -m aqe.benchmarks soak

drill-rollout: $(READY)  ## rollouts on real HAProxy, nginx and Prometheus, run after run (45 min and more)
	$(BIN)/python -P -m aqe.benchmarks drill-rollout
	$(BIN)/python -P -m aqe.benchmarks drill-regions

record-rollout: $(READY)  ## docs/rollout-example.md and regions-example.md, from real runs (5 min)
	$(BIN)/python -P -m aqe.benchmarks record-rollout

drill-cluster: $(READY)  ## fail-overs of a Cluster and behind Sentinel, and what a fleet costs (15 min)
	$(BIN)/python -P -m aqe.benchmarks drill-cluster

drill-mutants: $(READY)  ## the example shop's thirty bugs: each starts, and can be seen by its probe (2 min)
	cd examples/shop && PYTHONPATH=. ../../$(BIN)/python -m mutants check

# The libraries we are measured against are no dependency of anything else.
$(VENV)/.bench: $(READY)
	$(INSTALL) -e '.[bench]'
	@touch $@

docs: $(READY)  ## regenerate the generated parts of docs/
	$(BIN)/python -P -m aqe.tests.docs.generated

system-deps:  ## Debian packages the whole suite uses (needs root or sudo)
	$(APT) update
	$(APT) install -y --no-install-recommends $(SYSTEM_PACKAGES) >/dev/null
	@# Not beside a Node.js from elsewhere: Debian's npm would conflict with it.
	command -v npm >/dev/null || $(APT) install -y --no-install-recommends nodejs npm >/dev/null

clean:  ## remove what git ignores
	git clean -fdXq
