# Everything needs only Python 3.11 or newer and make. uv is used where it is there, because it is faster.
# `make help` lists the targets. ARGS="…" is passed on to the command behind demo, test, bench, faults, failover, simulate, plant and
# wal-cuts.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
# So many tests run side by side, each with servers of its own; a file's tests stay together and in their order.
TEST_PROCESSES ?= 2
# What breaks things on purpose: also the short versions of what `make faults`, `pages`, `simulate`, `plant` and `fuzz` do. And
# what takes a minute or two for a few answers: secured clusters, partners' clients, real data, recoveries.
SHORT := tests/faults tests/services/http/browser tests/simulation tests/plants tests/fuzz tests/linearizability \
	tests/services/kafka/secured tests/test_docker_compose_secured.py tests/samples tests/wal_cuts \
	$(addprefix tests/end_to_end/test_,lane_repair.py dead_intake.py cut_log.py up_on_apache.py oulad.py own_projection.py)
PYTEST := $(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

# The first interpreter that runs and is new enough; PYTHON=… overrides.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$python" -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { echo "$$python"; break; }; done)

.PHONY: help
help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/run.stamp ## simulate a season on embedded servers, answer the questions, keep the API up
	$(BIN)/tuntas demo $(ARGS)

.PHONY: test
test: $(VENV)/dev.stamp ## run the tests (Kafka: see TUNTAS_TEST_KAFKA in tests/conftest.py)
	$(PYTEST) $(addprefix --ignore=,$(SHORT)) $(ARGS)

.PHONY: short
short: $(VENV)/dev.stamp ## break things on purpose: the short versions of faults, pages, simulate, plant and fuzz; secured clusters, real data
	$(PYTEST) $(SHORT) $(ARGS)

.PHONY: check
check: $(VENV)/dev.stamp ## format, lint, types, direction of imports, locks of migrations, AsyncAPI, translations; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.lint_migrations
	$(BIN)/python -m tests.asyncapi
	$(BIN)/python -m services.language.extraction --check
	$(MAKE) --no-print-directory bench-guard ARGS=

.PHONY: format
format: $(VENV)/dev.stamp ## bring the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(VENV)/bench.stamp ## measure everything beside its peers (10 minutes); one part: bench-drain, see docs/benchmarks/
	$(BIN)/python -m tests.benchmarks $(ARGS)

.PHONY: bench-drain bench-freshness bench-read bench-rebuild bench-growth bench-evaluations bench-costs bench-pages
bench-drain bench-freshness bench-read bench-rebuild bench-growth bench-evaluations bench-costs bench-pages: bench-%: $(VENV)/bench.stamp
	$(BIN)/python -m tests.benchmarks.bench_$* $(ARGS)

.PHONY: bench-guard
bench-guard: $(VENV)/dev.stamp ## fail when a record costs the intake a quarter more than recorded (10 s)
	$(BIN)/python -m tests.benchmarks.guard $(ARGS)

.PHONY: faults
faults: $(VENV)/dev.stamp ## kill, freeze and cut off things under load, the long tests too (7 minutes)
	$(BIN)/python -m pytest -v -m "" tests/faults tests/end_to_end/test_lanes_disjoint.py $(ARGS)
	$(BIN)/python -m pytest -v -m long tests/services/http --ignore=tests/services/http/browser $(ARGS)

.PHONY: faults-long
faults-long: $(VENV)/dev.stamp ## send 100 seasons while a seed breaks things; adds to docs/faults.jsonl (2 hours)
	$(BIN)/python -m tests.faults.at_length --keep $(ARGS)

.PHONY: failover
failover: $(VENV)/failover.stamp ## kill leaders of three brokers and of two PostgreSQL under load; adds to docs/faults.jsonl (30 minutes)
	$(BIN)/python -m tests.failover --keep $(ARGS)

.PHONY: pages
pages: $(VENV)/dev.stamp ## look at every page in Chromium, in every way; pictures in build/pages (3 minutes)
	TUNTAS_TEST_BROWSER=required $(BIN)/python -m pytest -v -m "" tests/services/http/browser $(ARGS)

.PHONY: simulate
simulate: $(VENV)/dev.stamp ## run the services under a seeded scheduler that breaks things, 1,000 seeds; see docs/reliability.md
	$(BIN)/python -m tests.simulation $(ARGS)

.PHONY: simulate-long
simulate-long: $(VENV)/dev.stamp ## the same for 100,000 seeds (hours); its totals are added to docs/simulated-seeds.jsonl
	$(BIN)/python -m tests.simulation --seeds 100000 --keep $(ARGS)

.PHONY: wal-cuts
wal-cuts: $(VENV)/dev.stamp ## recover from a base backup and WAL cut at 2,000 random bytes; adds to docs/faults.jsonl (20 minutes)
	$(BIN)/python -m tests.wal_cuts --keep $(ARGS)

.PHONY: plant
plant: $(VENV)/dev.stamp ## plant one deliberate defect after the other and see that some suite turns red (an hour)
	$(BIN)/python -m tests.plants $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/dev.stamp ## have a million mutated records read, a fifth of them by workers from a broker
	$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: clean
clean: ## remove the virtual environment and what tools cached
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# One environment, filled in two steps: what a run needs, then what a developer needs on top.
$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed; name one with make PYTHON=…" >&2; exit 1; }
	@echo "creating $(VENV) with $(PYTHON)"
	@if command -v uv >/dev/null; then uv venv --quiet --python "$(PYTHON)" $(VENV); \
		else "$(PYTHON)" -m venv $(VENV); fi

define install
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -e '$(1)'; \
		else $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '$(1)'; fi
	@touch $@
endef

$(VENV)/run.stamp: pyproject.toml | $(BIN)/python
	@echo "installing tuntas into $(VENV)"
	$(call install,.[embedded])

$(VENV)/dev.stamp: pyproject.toml $(VENV)/run.stamp | $(BIN)/python
	@echo "installing the developer's tools into $(VENV)"
	$(call install,.[embedded$(comma)dev])

$(VENV)/failover.stamp: pyproject.toml $(VENV)/dev.stamp | $(BIN)/python
	@command -v etcd >/dev/null || { echo "etcd is needed: apt-get install etcd-server" >&2; exit 1; }
	@echo "installing Patroni into $(VENV)"
	$(call install,.[embedded$(comma)dev$(comma)failover])

$(VENV)/bench.stamp: pyproject.toml $(VENV)/dev.stamp | $(BIN)/python
	@echo "installing the benchmarks' peers into $(VENV)"
	$(call install,.[embedded$(comma)dev$(comma)bench])

comma := ,
