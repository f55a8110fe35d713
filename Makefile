# Everything sets itself up: `make demo` and `make test` need Python 3.11 or newer and nothing else.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK ?= locks/core.txt
unexport PYTHONDONTWRITEBYTECODE
export OMP_WAIT_POLICY := passive

.PHONY: demo test test-all check bench docs up setup setup-dev clients locks clean

demo: setup  ## the nine stages on the flights of 2013, start to end
	@$(BIN)/ninefold demo

test: setup-dev  ## everything that is fast
	@$(BIN)/python -m pytest -q -n 2 -m "not slow and not browser" tests ninefold

test-all: setup-dev clients  ## and what is slow: long fault loops, the browser, the demo
	@$(BIN)/python -m pytest -q -n 2 -m "(slow or browser) and not alone" tests
	@$(BIN)/python -m pytest -q -m "(slow or browser) and alone" tests

check: setup-dev  ## lint, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/pyright examples tests/typing

bench: setup-dev clients  ## the figures, as ratios in one run
	@for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

docs: setup-dev  ## the reference, generated from the code, into docs/reference
	@$(BIN)/python docs/generate.py

up: setup  ## the server and its pages
	@$(BIN)/ninefold up

setup:
	@$(PYTHON) scripts/setup.py $(VENV) $(LOCK)

setup-dev:
	@$(PYTHON) scripts/setup.py $(VENV) locks/dev.txt

clients:  ## the environments of MLflow's own clients, which the tests of its protocol run; ninefold is not in them
	@$(PYTHON) scripts/setup.py .venv-mlflow3 locks/mlflow3.txt --packages-only
	@$(PYTHON) scripts/setup.py .venv-mlflow2 locks/mlflow2.txt --packages-only

locks:  ## the locks of those environments again, from what the packages say today (needs uv)
	@cd locks && for name in mlflow3 mlflow2; do uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --upgrade $$name.in -o $$name.txt || exit 1; done

clean:
	rm -rf $(VENV) .venv-mlflow3 .venv-mlflow2 .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
