# What a person does here. `make demo` and `make test` do all of their own set-up.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test bench lint check-generated generate lock clean

BIN := .venv/bin
# Tools write into the checkout, never into HOME.
export RUFF_CACHE_DIR := .cache/ruff
export MYPY_CACHE_DIR := .cache/mypy
export XDG_CACHE_HOME := $(CURDIR)/.cache
export PYTHONDONTWRITEBYTECODE := 1

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 24

setup: ## Install what is missing; says what
	@deploy/setup.sh

setup-test: # What only tests start as well: Ceph, openssl
	@deploy/setup.sh test

demo: setup ## The main job on real parts: an outage becomes a service credit (KEEP=1 leaves it running)
	@$(BIN)/python -m deploy.lab.demo $(if $(KEEP),--keep)

test: setup-test lint check-generated ## Everything that must hold (REQUIRE_REAL=1: a missing part is a failure)
	@REQUIRE_REAL=$(REQUIRE_REAL) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

bench: setup ## Ours beside the peers, in one run (WRITE=1 writes docs/reference/performance.md)
	@$(BIN)/python -m tests.benchmarks $(if $(WRITE),--write)

lint: setup ## Style, types and import directions
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter pyproject.toml > .cache/lint-imports.log || { cat .cache/lint-imports.log; exit 1; }

check-generated: setup ## Generated files are fresh
	@$(BIN)/python -m alert_rules --check
	@$(BIN)/python -m dashboards --check
	@$(BIN)/python -m sankofa_exporters.docs --check
	@$(BIN)/python deploy/prometheus/render.py --check
	@$(BIN)/python -m sankofa_observe.api --check
	@$(BIN)/python docs/generate.py --check
	@node contracts/tools/compile.mjs --check

generate: setup ## Write all that is generated anew: rules, boards, references, ABI
	@$(BIN)/python -m alert_rules --write
	@$(BIN)/python -m dashboards --write
	@$(BIN)/python -m sankofa_exporters.docs --write
	@$(BIN)/python deploy/prometheus/render.py --write
	@node contracts/tools/compile.mjs
	@$(BIN)/python -m sankofa_observe.api --write
	@$(BIN)/python docs/generate.py --write

lock: ## Resolve dependencies anew into requirements.lock (pins and hashes, no addresses)
	@$(BIN)/uv pip compile pyproject.toml --extra platform --extra dev --group lab --universal --generate-hashes \
		--python-version 3.11 --no-header --upgrade --quiet --no-cache --output-file requirements.lock

clean: ## Remove everything that set-up and runs have made in the checkout
	@rm -rf .venv .cache .demo .hypothesis .pytest_cache contracts/node_modules contracts/out contracts/cache
