# make demo | test | check | help. On a fresh Debian 12 with Python 3.11, git and make, each installs what it needs
# (docs/INSTALL.md); a second call finds it done and starts at once.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

# .venv/bin first: it holds Node where the machine has none.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

ARGS ?=
PYTEST_ARGS ?=
SETUP := scripts/setup.sh
PACKAGES := pyproject.toml constraints.txt
PAGE_SOURCES := $(wildcard review_ui/*.json review_ui/*.ts review_ui/index.html) \
  $(shell find review_ui/src review_ui/public 2>/dev/null)

## demo:   install, build the page, run the demonstration; ARGS="--no-serve --json" is handed on
.PHONY: demo
demo: .stamps/python page
	.venv/bin/jiexun demo $(ARGS)

## test:   install everything, then the checks, the page's tests and pytest (JOBS=2 at once); PYTEST_ARGS is handed on
# Runs all three even when one fails; pytest last, so that its summary is the closing line.
JOBS ?= 2
.PHONY: test
test: everything page
	@failed=0; \
	$(MAKE) --no-print-directory -k check || failed=1; \
	npm --prefix review_ui test || failed=1; \
	.venv/bin/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS) || failed=$$?; \
	exit $$failed

## check:  ruff, mypy, the import rule, the page's types; `make -k check` goes on after a failure
.PHONY: check lint format types imports page-types
check: lint format types imports page-types
lint: .stamps/tools
	.venv/bin/ruff check .
format: .stamps/tools
	.venv/bin/ruff format --check .
types: .stamps/tools
	.venv/bin/mypy
imports: .stamps/tools
	.venv/bin/lint-imports
page-types: review_ui/node_modules/.package-lock.json
	npm --prefix review_ui run check

## stress: the tests that kill, with counts: KILLS=1000 ends runs and servers at random points; then the simulated
##         district of DISTRICT=cameras,days,passes; then CAMERAS street cameras that drop and return for MINUTES;
##         then a panel of simulated reviewers over PANEL things; then NODES simulated Ray nodes against one
KILLS ?= 40
DISTRICT ?= 50,20,200
CAMERAS ?= 100
MINUTES ?= 20
REVIEWS ?= 200
PANEL ?= 3000
NODES ?= 2
KILLED := $(addprefix tests/,jiexun/test_killed.py jiexun/test_killed_uploads.py jiexun/test_live_killed.py \
  browser/test_killed_server.py detector/test_reduced_precision.py)
.PHONY: stress
stress: everything page
	@failed=0; \
	JIEXUN_STRESS_KILLS=$(KILLS) .venv/bin/python -m pytest -o timeout=0 $(KILLED) $(PYTEST_ARGS) || failed=1; \
	JIEXUN_STRESS_DISTRICT=$(DISTRICT) .venv/bin/python -m pytest -o timeout=0 \
	  tests/detector/simulation/test_run.py -k thousand $(PYTEST_ARGS) || failed=1; \
	JIEXUN_STRESS_CAMERAS=$(CAMERAS) JIEXUN_STRESS_MINUTES=$(MINUTES) .venv/bin/python -m pytest -s -o timeout=0 \
	  tests/ingest/streams/test_drops.py $(PYTEST_ARGS) || failed=1; \
	JIEXUN_STRESS_PANEL=$(PANEL) .venv/bin/python -m pytest -o timeout=0 \
	  tests/casework/review/test_panel.py $(PYTEST_ARGS) || failed=1; \
	JIEXUN_STRESS_NODES=$(NODES) .venv/bin/python -m pytest -o timeout=0 \
	  tests/jiexun/test_bench_cameras.py $(PYTEST_ARGS) || failed=1; \
	exit $$failed

## page:   build the review page (review_ui/dist)
.PHONY: page
page: review_ui/dist/index.html

## api:    the OpenAPI document and the page's client from the code
.PHONY: api
api: .stamps/python review_ui/node_modules/.package-lock.json
	.venv/bin/python -m scripts.openapi
	npm --prefix review_ui run api

## pins:   write constraints.txt from what .venv holds
.PHONY: pins
pins: .stamps/tools .stamps/train
	$(SETUP) pins

## everything: only install what make test needs
.PHONY: everything
everything: .stamps/python .stamps/tools .stamps/train .stamps/system

## clean:  remove what was installed and built here (the demonstration's folder and system packages stay)
.PHONY: clean
clean:
	rm -rf .venv .stamps review_ui/node_modules review_ui/dist *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:
	@sed -n 's/^## /  /p' $(MAKEFILE_LIST)

# --- the steps behind them: a file each, so that nothing is done twice ---

.venv/pyvenv.cfg:
	$(SETUP) venv
	@touch $@

.stamps/python: .venv/pyvenv.cfg $(PACKAGES)
	$(SETUP) python
	@mkdir -p $(@D) && touch $@

.stamps/tools: .stamps/python
	$(SETUP) tools
	@touch $@

.stamps/train: .stamps/python
	$(SETUP) train
	@touch $@

.stamps/system: $(SETUP)
	$(SETUP) browser postgres rtsp
	@mkdir -p $(@D) && touch $@

.stamps/node: .venv/pyvenv.cfg constraints.txt
	$(SETUP) node
	@mkdir -p $(@D) && touch $@

review_ui/node_modules/.package-lock.json: .stamps/node review_ui/package-lock.json review_ui/package.json
	cd review_ui && npm ci --no-audit --no-fund
	@touch $@

review_ui/dist/index.html: review_ui/node_modules/.package-lock.json $(PAGE_SOURCES)
	npm --prefix review_ui run build -- --logLevel warn
	@touch $@
