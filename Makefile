# Everything runs in .venv, made here with the versions of constraints.txt. `make help` lists the targets.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
LAB := .venv/.lab
# node and npm are in the environment, too, so that nothing of them need be installed.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix jlab_extension

.DEFAULT_GOAL := help
.PHONY: help demo lab test lint format docs bench interop lock clean

help:  ## say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hornbook needs Python 3.11 or newer; set PYTHON=/path/to/it")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo 'This Python has no venv module: apt install python3-venv' >&2; exit 1; }
	@# The file names every package, so nothing is resolved: older pips would look for a newer release behind an extra.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r constraints.txt
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The JupyterLab side: built, and linked to where Jupyter looks for it.
$(LAB): $(STAMP) $(wildcard jlab_extension/*.json jlab_extension/.npmrc jlab_extension/*/*.* jlab_extension/src/*/*.*) $(wildcard src/hornbook/static/card.*)
	@test jlab_extension/node_modules -nt jlab_extension/package-lock.json || { $(NPM) ci && touch jlab_extension/node_modules; }
	$(NPM) run build
	@$(BIN)/jupyter-builder develop --overwrite . >/dev/null
	@touch $@

demo: $(STAMP)  ## set up, then grade a passing, a half-done, a mistaken, a looping and a cheating submission
	$(BIN)/hornbook demo

lab: $(LAB)  ## set up, then open the lessons in JupyterLab (ARGS=... for its own options)
	$(BIN)/jupyter lab $(ARGS)

test: $(LAB)  ## set up, then run all tests, a file for each core, with coverage (ARGS=... for pytest's own options)
	$(NPM) test
	@# Many tests start hornbook anew. Where Python is told to keep no bytecode, each of them would compile all of it.
	$(BIN)/python -m compileall -q src
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --fail-under=90

lint: $(STAMP)  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)  ## set up, then build the site of docs/ into build/docs: open build/docs/index.html
	$(BIN)/python docs/make_site.py build/docs

bench: $(LAB) .venv/.bench  ## measure how long grading takes, here and elsewhere, in one run
	$(BIN)/python tests/bench.py plain data kernels live lab portfolio search

.venv/.bench: $(STAMP) bench-constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench-constraints.txt
	@touch $@

interop: $(STAMP) interop/node_modules/.installed  ## ask others' implementations about our credentials
	$(BIN)/python interop/interop.py

interop/node_modules/.installed: interop/package-lock.json
	PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix interop ci
	@touch $@

lock:  ## renew constraints.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --upgrade --quiet -o constraints.txt
	uv pip compile --group bench --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -c constraints.txt -o bench-constraints.txt
	{ sed -n '/^#/p' binder/requirements.txt; uv pip compile pyproject.toml --universal --python-version 3.11 --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -c constraints.txt; } >binder/requirements.new
	mv binder/requirements.new binder/requirements.txt

clean:  ## remove everything that was made here
	rm -rf .venv dist build test-output src/hornbook/locale/*.mo src/hornbook/labextension jlab_extension/node_modules jlab_extension/lib interop/node_modules .coverage .coverage.* htmlcov .pytest_cache .ruff_cache .mypy_cache .hypothesis
