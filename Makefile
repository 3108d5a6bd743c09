# Python 3.11 or newer and a package index are all that is assumed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test slow check clean

$(VENV)/.core: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("lesionaid needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(VENV)/.core  ## set up and run the main job on a simulated sample scan
	$(BIN)/lesionaid assess sample_scans/sub-pml01 --output demo_out

test: $(VENV)/.dev  ## set up and pass the tests
	$(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadfile --no-loadscope-reorder

slow: $(VENV)/.dev  ## the longer checks
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev  ## what a commit must pass beside the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

clean:
	rm -rf $(VENV) demo_out
