# What a person does here. `make demo`, `make tour` and `make test` do all of their own set-up: deploy/parts.toml says what each needs.
.DEFAULT_GOAL := help
.PHONY: help setup demo tour boards test test-all soak drill mutants bench pytest lint lint-only slither check-generated generate lock clean

PYTHON ?=
TIER ?= demo
WITHOUT ?=
BIN := .venv/bin
# Three a core, or four where there are two: tests often wait, and those that measure real parts need their share of a core.
WORKERS := $(shell [ "$$(nproc)" -lt 2 ] && echo 3 || echo 8)
SETUP = @PYTHON="$(PYTHON)" deploy/setup.sh --without="$(WITHOUT)"
# Style is checked beside the tests, which look at generated files themselves: it keeps one core busy, they often wait. So the machine is measured before both.
CHECK = @SANKOFA_PACE="$$($(BIN)/python -m deploy.lab.pace told)" $(MAKE) --no-print-directory --jobs 2 TIER=$@ lint-only pytest
# Tools write into the checkout, never into HOME.
export RUFF_CACHE_DIR := .cache/ruff
export MYPY_CACHE_DIR := .cache/mypy
export XDG_CACHE_HOME := $(CURDIR)/.cache
# Compiled modules are kept: a hundred processes of a run import the same ones.
unexport PYTHONDONTWRITEBYTECODE
# And found in the checkout.
unexport PYTHONSAFEPATH

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 24

setup: ## Install what a tier lacks (TIER=demo, tools, test, test-all, boards, bench); says what and how much
	$(SETUP) $(TIER)

demo: ## The main job on real parts: an outage becomes a service credit (KEEP=1 leaves it running)
	$(SETUP) demo
	@$(BIN)/python -m deploy.lab.demo $(if $(filter 1,$(KEEP)),--keep)

tour: ## Three tiers break in three ways on real sources; three tenants are owed three credits, planned work costs nothing
	$(SETUP) test
	@$(BIN)/python -m deploy.lab.tour

boards: ## Every board on real data, drawn by Grafana's libraries into docs/pictures/boards (SERVE=1 keeps them at an address)
	$(SETUP) boards
	@$(BIN)/python -m deploy.lab.boards $(if $(filter 1,$(SERVE)),--serve)

test: ## Everything that must hold (WITHOUT=ceph,... does without a part, and names what was skipped)
	$(SETUP) test
	$(CHECK)

test-all: export MUTATIONS := 250
test-all: export QUIET_SECONDS := 600
test-all: export FAULT_SEEDS := 6
test-all: export FOUNDRY_PROFILE := full
test-all: export DRAWN_SITES := 60
test-all: export DRAWN_LEVELS := 480
test-all: export DRAWN_ADDRESSES := 20
test-all: export WORLDS := 800
test-all: export FLEET_METROS := 65
test-all: export SIMULATION_SEEDS := 0-199
test-all: export EVERY_CALL := 1
test-all: export DOCUMENTS := 50
test-all: export DAMAGES := 120
test-all: export STORM := full
test-all: export LANE_SEEDS := 0-99
test-all: ## make test and what needs larger parts: browser, object stores, brokers, images
	$(SETUP) test-all
	$(CHECK)
	@contracts/tools/slither.sh

soak: ## More of the same, for hours: 10,000 spoiled answers a claim, deep fuzzing of the contract
	$(SETUP) soak
	@MUTATIONS=10000 FAULT_SEEDS=1000 LANE_SEEDS=0-999 WORLDS=20000 STORED_SEEDS=40 FOUNDRY_PROFILE=deep STORM=real TIER=$@ $(BIN)/python -m pytest --timeout 0 tests/exporters tests/simulation \
		tests/contracts tests/adapters/test_faulty_chain.py tests/adapters/test_lane_seeds.py tests/storm/test_core_outage.py \
		-k 'mutation or simulation or contract or faulty_chain or lane_seeds or core_outage'

drill: ## What was lost is recovered as its page says, on real parts (WRITE=1 writes docs/reference/restore-drill.md)
	$(SETUP) test
	@$(if $(filter 1,$(WRITE)),DRILL_TRANSCRIPT=docs/reference/restore-drill.md )$(BIN)/python -m pytest tests/end_to_end/test_restore_drill.py

mutants: ## Small changes of the code that tests must fall over (MUTANTS=n a module, SEED=, MODULE=path, SURVIVORS=1, WRITE=1 keeps the run and its page)
	$(SETUP) test
	@nice $(BIN)/python -m tests.mutation $(if $(MUTANTS),--mutants $(MUTANTS)) $(if $(SEED),--seed $(SEED)) $(foreach one,$(MODULE),--module $(one)) \
		$(if $(filter 1,$(SURVIVORS)),--survivors) $(if $(filter 1,$(WRITE)),--write) $(if $(filter 1,$(PAGE)),--page write)

bench: ## Ours beside the peers, in one run (WRITE=1 writes docs/reference/performance.md)
	$(SETUP) bench
	@$(BIN)/python -m tests.benchmarks $(if $(filter 1,$(WRITE)),--write)

slither: ## Static analysis of the contracts, in a venv of its own (20 s of a core; a minute more the first time)
	$(SETUP) tools
	@contracts/tools/slither.sh

lint: ## Style, types and import directions
	$(SETUP) tools
	@$(MAKE) --no-print-directory lint-only

# In a fresh checkout each worker would rewrite and compile the same four hundred test files, for 12 s of a core each: one does it before them.
.cache/compiled:
	@mkdir -p .cache
	@TIER=$(TIER) WITHOUT="$(WITHOUT)" $(BIN)/python -m pytest --collect-only --quiet > $@.log || { cat $@.log; exit 1; }
	@touch $@

pytest: | .cache/compiled
	@TIER=$(TIER) WITHOUT="$(WITHOUT)" $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

lint-only:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter pyproject.toml > .cache/lint-imports.log || { cat .cache/lint-imports.log; exit 1; }

check-generated: ## Whether all that is generated is as its sources make it (make test looks as well)
	@$(BIN)/python -m sankofa_rules --check
	@$(BIN)/python -m sankofa_rules.runbooks --check
	@$(BIN)/python -m sankofa_dashboards --check
	@$(BIN)/python -m sankofa_exporters.docs --check
	@$(BIN)/python -m deploy.integrations.render --check
	@$(BIN)/python deploy/prometheus/render.py --check
	@$(BIN)/python -m deploy.alertmanager.render --check
	@$(BIN)/python -m sankofa_observe.api --check
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/python docs/pictures.py --check
	@node=$$($(BIN)/python -m deploy.parts node) && "$$node" contracts/tools/compile.mjs --check

generate: ## Write all that is generated anew: rules, boards, references, ABI
	$(SETUP) tools
	@$(BIN)/python -m sankofa_rules --write
	@$(BIN)/python -m sankofa_rules.runbooks --write
	@$(BIN)/python -m sankofa_dashboards --write
	@$(BIN)/python -m sankofa_exporters.docs --write
	@$(BIN)/python -m deploy.integrations.render --write
	@$(BIN)/python deploy/prometheus/render.py --write
	@$(BIN)/python -m deploy.alertmanager.render --write
	@node=$$($(BIN)/python -m deploy.parts node) && "$$node" contracts/tools/compile.mjs
	@$(BIN)/python -m tests.contracts.figures
	@$(BIN)/python -m sankofa_observe.api --write
	@$(BIN)/python docs/generate.py --write
	@$(BIN)/python docs/pictures.py --write

LOCK = @$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --upgrade --quiet --no-cache
lock: ## Resolve dependencies anew into the lock files (pins and hashes, no addresses)
	$(SETUP) tools
	$(LOCK) pyproject.toml --extra exporters --extra platform --group lab --output-file requirements.lock
	$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group bench --constraint requirements.lock --constraint requirements-dev.lock --output-file requirements-bench.lock
	$(LOCK) --group programs --no-deps --output-file requirements-all.lock
	$(LOCK) --group slither --output-file requirements-slither.lock

clean: ## Remove everything that set-up and runs have made in the checkout
	@rm -rf .venv .tools .cache .demo .tour .hypothesis .pytest_cache contracts/out contracts/cache
	@find . \( -name node_modules -o -name __pycache__ \) -type d -prune -exec rm -rf {} +
