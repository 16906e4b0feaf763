# Every target does its own set-up; a second run is quick. `make` lists them.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.nodebook-installed
BROWSER := $(VENV)/.nodebook-browser
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-py test-js lint format bench dev coverage pin clean distclean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(PY):
	@test -n "$(PYTHON)" || { echo "error: nodebook needs Python 3.11 or newer, and none was found. Install one, or name \
	it: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) cannot make virtual environments. On \
	Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A new pip first: where the pins do not fit, the one of Debian 12 (23.0) searches without end, a new one says why.
# Without isolation, so that hatchling is not fetched for each build; `setup` builds the front end, where it can be seen.
$(INSTALLED): pyproject.toml constraints.txt hatch_build.py | $(PY)
	$(PY) -m pip install --quiet --upgrade -c constraints.txt pip hatchling editables
	$(PY) -m tools.frontend ensure-node
	NODEBOOK_SKIP_FRONTEND=1 $(PY) -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

$(BROWSER): $(INSTALLED)
	@$(PY) -m tools.browser ensure
	@touch $@

setup: $(INSTALLED) ## Virtual environment, packages and front end
	@$(PY) -m tools.frontend build

demo: setup ## Make pictures from words, then open JupyterLab on the notebook
	@$(PY) -m tools.demo

test: setup $(BROWSER) test-js test-py ## All tests: vitest, unit, property, notebooks, browser

test-js: setup
	@$(PY) -m tools.frontend test

# First on all processors what needs no browser: files whole, since a notebook's cells need each other; torch with one
# thread, since the processes are as many as the processors. Browser tests share one JupyterLab: one after the other.
test-py: setup
	@status=0; \
	OMP_NUM_THREADS=1 $(PY) -m pytest -m 'not browser' -n logical --maxprocesses 4 --dist loadfile $(ARGS) || status=$$?; \
	$(PY) -m pytest -m browser $(ARGS) || status=$$?; \
	exit $$status

lint: setup ## ruff, mypy, generated types, biome and tsc; changes nothing
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy nodebook tests tools hatch_build.py $(wildcard benchmarks)
	@$(PY) -m tools.protocol --check
	@$(PY) -m tools.frontend lint

format: setup ## Format, fix what can be fixed, generate types
	$(PY) -m ruff check --fix --exit-zero .
	$(PY) -m ruff format .
	@$(PY) -m tools.protocol

bench: setup $(BROWSER) ## Every benchmark prints its figure beside its promise
	@status=0; for file in benchmarks/bench_*.py; do \
		test -e "$$file" || { echo "error: there is no benchmarks/bench_*.py" >&2; exit 1; }; \
		echo "== $$file"; $(PY) "$$file" || status=1; done; exit $$status

dev: setup ## JupyterLab on notebooks/, the front end rebuilt and reloaded on every change
	@$(PY) -m tools.dev

coverage: setup $(BROWSER) ## Tests with a report of the lines they miss
	@$(PY) -m pytest --cov --cov-report=term --cov-report=html:build/coverage $(ARGS)

pin: setup ## Write constraints.txt from the packages in .venv
	$(PY) -m tools.pin

clean: ## Remove what was built; keep the environment
	rm -rf build dist nodebook/widget/static .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

distclean: clean ## Remove the environment too
	rm -rf $(VENV) nodebook/js/node_modules
