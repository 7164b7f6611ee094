# Everything runs from .venv, which `make setup` makes from the hashed lock; python3 and make are all that is needed.
.PHONY: setup demo test check style types dependencies security caches bench campaign converge clean
.DEFAULT_GOAL := test

PY ?= python3
N ?= 50
SEED ?= 1
STEPS ?= 10000
BIN := .venv/bin
# Each test process would compile all of it anew where the environment forbids to keep what was compiled.
export PYTHONDONTWRITEBYTECODE :=
STAMP := .venv/.installed
OURS := connector adapters mappings webhooks sandbox
# bandit: B704 (Markup) is judged line by line by ruff's S704. deptry: psycopg is loaded by name; the others are parts of Flask, requests and Jinja that are imported under their own names.
DEPTRY := --optional-dependencies-dev-groups dev \
	--per-rule-ignores 'DEP002=psycopg,DEP003=werkzeug|urllib3|markupsafe'
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PY=...")'
	@test -x $(BIN)/python || { echo "Making .venv from requirements/dev.txt; this happens once."; $(PY) -m venv .venv; }
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $(STAMP)

# The main job on a simulated ServiceNow and a simulated Jira; ends with 0 when they hold what they should.
demo: $(STAMP)
	@$(BIN)/continuity demo

test: $(STAMP)
	@$(MAKE) --no-print-directory -j 2 check caches
	@$(BIN)/python -m pytest -n 4 --dist worksteal

check: style types dependencies security

style: $(STAMP)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports
	@$(BIN)/codespell --ignore-words-list wont $(OURS) docs requirements Makefile *.md

types: $(STAMP)
	@$(BIN)/mypy

dependencies: $(STAMP)
	@$(BIN)/deptry $(OURS) $(OURS:%=--known-first-party %) $(DEPTRY)

security: $(STAMP)
	@$(BIN)/bandit --quiet --recursive --severity-level medium --skip B704 $(OURS)

# Compiles the tests once; in a fresh clone each of the test processes would do it anew. What it finds wrong, they tell.
caches: $(STAMP)
	@$(BIN)/python -m pytest --collect-only -qq -n 0 > /dev/null || true

# Figures of speed and calls, one a line, each with its floor.
bench: $(STAMP)
	@$(BIN)/python -m tests.bench

# N activations with real processes, faults, and kill -9; a failing SEED reproduces.
campaign: $(STAMP)
	@$(BIN)/python -m tests.acceptance.campaign --count $(N) --seed $(SEED)

# STEPS random edits on all sides under faults and deaths, judged by models of the rules; a failing SEED reproduces.
converge: $(STAMP)
	@$(BIN)/python -m tests.converge --steps $(STEPS) --seed $(SEED)

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
