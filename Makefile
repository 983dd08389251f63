# Every command sets up what it needs, in this folder, and has nothing to do when nothing changed.
# `make help` lists them. The work is in .make/*.py.

SHELL := /bin/sh
PYTHON ?= python3
WORKERS ?= 4
REPEAT ?= 50
FUZZ ?= origin client http2 sse har openapi
RUNS ?= 100000
TIME ?=
PARTS ?=
ARGS ?=
# Only of the command line: images of Python set a variable of this name in the environment.
PYTHON_VERSION :=
# With a PYTHON_VERSION every command runs in an environment of that version: PYTHON_VERSION=3.12 in .venv-3.12.
BIN := .venv$(addprefix -,$(PYTHON_VERSION))/bin
UV := .cache/uv/bin/uv
# Set-up runs on .venv's Python once there is one. pyenv's python3 fails where the version of .python-version is missing.
RUN = for python in $(BIN)/python "$(PYTHON)" /usr/bin/python3 ""; do \
	[ -n "$$python" ] || { echo "setup: no $(PYTHON) here; install Python 3.12 or newer" >&2; exit 3; }; \
	[ "$$python" != $(BIN)/python ] && "$$python" -c '' 2>/dev/null && break; \
	[ "$$python" = $(BIN)/python ] && [ -x $(BIN)/python ] && break; done; "$$python" -S -E

# Byte code is kept, whatever images of Python say: the tests start thousands of processes, and compiling takes
# longer than the rest of a start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup browser lock reproduce test check format docs pictures bench bench-check adk transcripts soak coverage clean fuzz advisories

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' Makefile | expand -t 14

setup: ## everything the others need: .venv, the client library for tests, a browser
	@$(RUN) .make/setup.py $(PYTHON_VERSION)

browser: ## look for a browser again, or try again to install one
	@$(RUN) .make/setup.py $(PYTHON_VERSION) --retry-browser

lock: setup ## requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(BIN)/python .make/lock.py $(ARGS)

reproduce: setup ## the reported bug, its fix, and what the fix does not fix
	@$(BIN)/firstbyte reproduce $(ARGS)

test: setup ## every test and scenario (WORKERS=4, ARGS="-k name")
	@$(BIN)/python .make/rounds.py $(WORKERS) $(ARGS)

check: setup ## format, lint, types, import directions, requirement files, data
	@failed=; \
	for step in \
		'ruff format --check --quiet .' \
		'ruff check --output-format=concise .' \
		'mypy -p firstbyte' \
		'mypy tests benchmarks .make' \
		'lint-imports --no-logo' \
		'python .make/lock.py --check' \
		'firstbyte check'; \
	do echo "check: $$step"; PYTHONPATH=.make $(BIN)/$$step || failed="$$failed [$$step]"; done; \
	[ -z "$$failed" ] || { echo "check: failed:$$failed" >&2; exit 1; }

format: setup ## put every file into the house's format, and the JSON Schemas in step
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format . ; $(BIN)/python .make/schemas.py

docs: setup ## the documentation as a site in build/docs; a warning fails it
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict $(ARGS)

pictures: setup ## docs/images anew: what the terminal and the browser show
	@$(BIN)/python .make/pictures.py $(ARGS)

adk: setup .cache/adk/packages.stamp ## the chat server of examples/adk, in .cache/adk

.cache/adk/packages.stamp: requirements/adk.txt
	@echo "setup: installing the chat server of examples/adk into .cache/adk (about 70 MB)" >&2
	@$(UV) venv --quiet --clear --no-project --python $(BIN)/python .cache/adk
	@$(UV) pip sync --quiet --require-hashes --python .cache/adk/bin/python $<
	@touch $@

transcripts: setup ## record again what Hono puts on the wire on Bun and Node
	@$(BIN)/python -m firstbyte.harness.targets.hono.record $(ARGS)

soak: setup $(if $(filter others,$(or $(PARTS),others)),adk) ## suites and long tests again and again, counted (TIME=2h, PARTS="sim real ui", REPEAT=50)
	@$(BIN)/python -m tests.soak.command $(if $(TIME),--time "$(TIME)") --repeat $(REPEAT) --workers $(WORKERS) $(ARGS) $(PARTS)

fuzz: setup ## coverage-guided search for input that breaks an edge or a reader (FUZZ="origin har", RUNS=100000)
	@$(UV) pip install --quiet --python $(BIN)/python --group fuzz
	@for kind in $(FUZZ); do $(BIN)/python -m tests.fuzz.guided $$kind -runs=$(RUNS) -max_len=256 -len_control=0 || exit 1; done

advisories: setup ## ask the advisory database about the pinned packages; needs a connection to it
	@$(UV)x --quiet pip-audit --strict --require-hashes --disable-pip -r requirements/runtime.txt -r requirements/dev.txt || \
	{ echo "advisories: a weakness is listed above, or the database can't be reached from here: then nothing is known" >&2; exit 3; }

bench: setup ## the speed figures of the README
	@$(BIN)/python benchmarks/run.py $(ARGS)

bench-check: setup ## hold the ratios of a short `make bench` against the stored ones
	@$(BIN)/python benchmarks/run.py --quick --check $(ARGS)

coverage: setup ## tests with branch coverage
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(WORKERS) $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

clean: ## remove what the other commands made
	rm -rf .venv .venv-* .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis tests/sdk/node_modules
