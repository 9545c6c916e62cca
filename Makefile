# The front door: make demo · test · lint · docs. Each installs what it needs, and adds to what is there.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

# What the quickstart uses, and MACE to swap to.
DEMO := framework framework/torch $(addprefix plugins/,ase-md chgnet mace packmol soap tblite)
# SevenNet clashes with MACE (e3nn), so it has an environment of its own, made by Whet itself.
APART := plugins/sevennet
OTHERS := plugin-template $(filter-out $(APART) $(DEMO),$(patsubst %/,%,$(dir $(sort $(wildcard plugins/*/pyproject.toml)))))
TESTING := hatchling hypothesis pytest pytest-timeout pytest-xdist ruff
SEVENNET := .envs/sevennet

# Potentials get many times slower with more threads than free cores; Whet sets the threads of its own workers itself.
export OMP_NUM_THREADS ?= 1

.PHONY: install environments demo architectures test test-slow lint docs conformance clean

install: $(VENV)/.all
environments: $(SEVENNET)/.installed

# One environment that grows: demo, then all plugins with what their tests need, then the tools of lint and docs.
$(VENV)/.demo: constraints.txt $(DEMO:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV) (a few minutes, 2 GB) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) torch
	@$(PIP) $(DEMO:%=-e ./%)
	@touch $@

$(VENV)/.all: $(VENV)/.demo $(OTHERS:%=%/pyproject.toml)
	@echo "Adding all plugins and what their tests need (a few minutes, 0.6 GB) ..."
	@$(PIP) $(TESTING) $(OTHERS:%=-e ./%) kinisi
	@# Only for the weights of NEP89 that are in it: its own packages are a graphical program's.
	@$(PIP) --no-deps --only-binary :all: neptrainkit || echo "No wheel has NEP89 for this Python: whet models prefetch nep:nep89"
	@touch $@

$(VENV)/.lint: $(VENV)/.all
	@$(PIP) pyright
	@touch $@

$(VENV)/.docs: $(VENV)/.all
	@$(PIP) furo myst-parser sphinx
	@touch $@

$(SEVENNET)/.installed: $(VENV)/.all $(APART)/pyproject.toml $(APART)/constraints.txt
	@$(BIN)/whet env create sevennet --plugin $(APART)
	@$(SEVENNET)/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt $(TESTING)
	@touch $@

demo: $(VENV)/.demo
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

lint: $(VENV)/.lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

docs: $(VENV)/.docs
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
