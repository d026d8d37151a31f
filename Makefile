# What people do with this repository. Needs Python 3.11+ with pip and venv, and make; the rest is installed
# into .venv from the locked requirements.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
STAMPS := $(VENV)/stamps
LOCK := $(UV) compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
WORKERS ?= 2

# Bytecode is kept, whatever the environment says: each process would compile everything again, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test lint pytest nightly bench screenshots install install-dev assets browser lock clean

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: install ## Start everything with the sales template and demo data.
	@$(BIN)/fieldstone demo

test: lint browser pytest ## Check style, types and layers, then run all tests.

lint: install-dev ## Check style, types and layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: install-dev ## Run the tests (ARGS="tests/platform -k plan" for some).
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

nightly: install-dev ## Compare evaluators on 20,000 expressions, permissions in 200 worlds; plans with a million rows; all of the API; kill publishers at each step, publish under load; export sixty apps and apply them.
	FIELDSTONE_RULES_EXAMPLES=20000 $(BIN)/pytest -n $(WORKERS) tests/rules/test_agreement.py
	FIELDSTONE_WORLDS=200 $(BIN)/pytest -n 0 tests/platform/test_access_oracle.py
	FIELDSTONE_PLANS_ROWS=1000000 $(BIN)/pytest -n 0 tests/platform/test_plans.py
	FIELDSTONE_PUBLICATIONS=20 FIELDSTONE_FIGURES=1 $(BIN)/pytest -s -n 0 tests/platform/test_published_under_load.py
	FIELDSTONE_KILLS=1000 $(BIN)/pytest -n 0 tests/platform/test_killed_publishers.py
	FIELDSTONE_TRIPS=60 $(BIN)/pytest -n $(WORKERS) tests/platform/test_round_trips.py
	FIELDSTONE_OPENAPI_EXAMPLES=20 $(BIN)/pytest -n $(WORKERS) tests/platform/test_openapi_calls.py

bench: install ## Measure against a hand-written application, in one run.
	$(BIN)/python benchmarks/run.py $(ARGS)

screenshots: install-dev browser ## Take the screenshots of the documentation.
	$(BIN)/python docs/screenshots.py

install: $(STAMPS)/project assets

install-dev: $(STAMPS)/dev $(STAMPS)/project assets

# Quick when nothing has changed; an edit of styles, scripts or icons is seen here.
assets: $(STAMPS)/project
	@$(BIN)/python ui/build_assets.py

# A headless browser from a package, without root; see tests/install_browser.py.
browser: install-dev
	$(BIN)/python tests/install_browser.py

$(STAMPS)/uv: requirements/uv.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements/run.txt requirements/build.txt $(STAMPS)/uv
	$(UV) install --quiet --require-hashes -r requirements/run.txt -r requirements/build.txt
	touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/run
	$(UV) install --quiet --require-hashes -r requirements/dev.txt -r requirements/build.txt
	touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/run
	$(UV) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

lock: $(STAMPS)/uv ## Choose new versions of everything that is installed.
	$(LOCK) --upgrade requirements/uv.in -o requirements/uv.txt
	$(LOCK) --upgrade requirements/build.in -o requirements/build.txt
	$(LOCK) --upgrade pyproject.toml -o requirements/run.txt
	$(LOCK) --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt

clean: ## Remove what was installed and built, but no data.
	rm -rf $(VENV) ui/node_modules ui/fieldstone_ui/static/dist .mypy_cache .ruff_cache .pytest_cache
