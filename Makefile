# The front door: make install · demo · architectures · test · lint · docs
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

# SevenNet clashes with MACE (e3nn), so it has an environment of its own, made by Whet itself.
APART := plugins/sevennet
DISTRIBUTIONS := framework framework/torch plugin-template $(filter-out $(APART),$(patsubst %/,%,$(dir $(sort $(wildcard plugins/*/pyproject.toml)))))
TESTING := hatchling hypothesis pytest pytest-timeout pytest-xdist
TOOLS := $(TESTING) furo myst-parser pyright ruff sphinx
SEVENNET := .envs/sevennet

# Potentials get many times slower with more threads than free cores; Whet sets the threads of its own workers itself.
export OMP_NUM_THREADS ?= 1

.PHONY: install environments demo architectures test test-slow lint docs conformance clean

install: $(VENV)/.installed
environments: $(SEVENNET)/.installed

$(VENV)/.installed: constraints.txt $(DISTRIBUTIONS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV) (a few minutes, about 2 GB) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) torch
	@$(PIP) $(TOOLS) $(DISTRIBUTIONS:%=-e ./%)
	@# Only for the weights of NEP89 that are in it: its own packages are a graphical program's.
	@$(PIP) --no-deps --only-binary :all: neptrainkit || echo "No wheel has NEP89 for this Python: whet models prefetch nep:nep89"
	@touch $@

$(SEVENNET)/.installed: $(VENV)/.installed $(APART)/pyproject.toml $(APART)/constraints.txt
	@$(BIN)/whet env create sevennet --plugin $(APART)
	@$(SEVENNET)/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt $(TESTING)
	@touch $@

demo: install
	@$(BIN)/whet run examples/quickstart/study.yaml

architectures: install environments
	@$(BIN)/whet run examples/architectures/study.yaml

# Files side by side, one a core: what a file has loaded its other tests use.
ASIDE := --numprocesses auto --dist loadfile

test: install environments
	@$(BIN)/python -m pytest $(ASIDE)
	@$(SEVENNET)/bin/python -m pytest $(APART)

test-slow: install environments
	@$(BIN)/python -m pytest -m slow
	@$(SEVENNET)/bin/python -m pytest -m slow $(APART)

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

docs: install
	@$(BIN)/python docs/generate_reference.py --check
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build
	@echo "docs/_build/index.html"

# What the table of docs/reference/conformance.md is made of. Minutes; run it when a backend or a check has changed.
SCRATCH := --set 'elements=[Na, Cl]' --set architecture=TensorNet --set size=small
conformance: install environments
	@for name in chgnet mace:small nep pairwise ase-md lammps torch-sim tblite soap; do echo "$$name ..."; \
	    $(BIN)/whet plugins check $$name --json > docs/conformance/$${name%%:*}.json || exit 1; done
	@echo "d3 ..."; $(BIN)/whet plugins check d3 --set potential=chgnet --json > docs/conformance/d3.json
	@echo "packmol ..."; $(BIN)/whet plugins check packmol --set 'molecules={water: 8}' --set density=0.5 --json > docs/conformance/packmol.json
	@echo "matgl ..."; $(BIN)/whet plugins check matgl:scratch $(SCRATCH) --json > docs/conformance/matgl.json
	@echo "sevennet ..."; $(SEVENNET)/bin/whet plugins check sevennet --json > docs/conformance/sevennet.json
	@$(BIN)/python docs/generate_reference.py

clean:
	rm -rf $(VENV) .envs docs/_build examples/*/.whet examples/*/report
