# A fresh machine needs Python 3.11+ and make: `make demo` and `make test` set everything up by themselves.
PYTHON ?= python3
PORT ?= 8765
# More than the cores: many tests wait for processes, servers and clocks.
JOBS ?= 4
VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip --disable-pip-version-check --quiet
# Where it is set, each of the many processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint bench screenshots clean
.DEFAULT_GOAL := help

help:
	@echo "make demo         the whole product on this machine: workspace, databases, storage, bot (PORT=$(PORT))"
	@echo "make test         every test that this machine can run (JOBS=$(JOBS))"
	@echo "make lint         ruff, mypy --strict, import-linter"
	@echo "make bench        the speed figures (ONLY=backup|restore|ack|sweep for one of them)"
	@echo "make screenshots  the pictures in docs/, taken from the running demo"

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Baseliner needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.sandbox: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Baseliner with its sandbox into $(VENV) (a minute or two, once) ..." >&2
	$(PIP) install -c constraints.txt -e '.[sandbox]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Baseliner with its tests into $(VENV) (a minute or two, once) ..." >&2
	$(PIP) install -c constraints.txt -e '.[sandbox,dev]'
	@touch $@ $(VENV)/.sandbox

demo: $(VENV)/.sandbox
	@exec $(RUN)/baseliner demo --port $(PORT)

test: $(VENV)/.dev
	$(RUN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: $(VENV)/.dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: $(VENV)/.dev
	$(RUN)/python -m bench $(if $(ONLY),--only $(ONLY))

screenshots: $(VENV)/.dev
	$(RUN)/python -m docs.take_screenshots

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
