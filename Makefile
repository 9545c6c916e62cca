# The front door: make install · demo · test · lint · docs
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

DISTRIBUTIONS := framework $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
TOOLS := hypothesis pyright pytest pytest-timeout ruff

# Potentials get many times slower with more threads than free cores; Whet sets the threads of its own workers itself.
export OMP_NUM_THREADS ?= 1

.PHONY: install demo test test-slow lint clean

install: $(VENV)/.installed

$(VENV)/.installed: constraints.txt $(DISTRIBUTIONS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV) (a few minutes, about 2 GB) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) torch
	@$(PIP) $(TOOLS) $(DISTRIBUTIONS:%=-e ./%)
	@touch $@

demo: install
	@$(BIN)/whet run examples/quickstart/study.yaml

test: install
	@$(BIN)/python -m pytest

test-slow: install
	@$(BIN)/python -m pytest -m slow

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

clean:
	rm -rf $(VENV) examples/*/.whet examples/*/report
