# What one can do here. Every target makes its own environment first.
.DEFAULT_GOAL := help
.PHONY: help run test lint check bench proof recordings messages lock clean

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
export UV_PYTHON_DOWNLOADS := never
PYTEST ?=
PROOF ?=

help: ## This list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Two environments in one folder: what the service runs on, and beside it what developers need.
$(VENV)/run.stamp: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python 3.11 or later with its venv module is needed (on Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing what the service needs (once, about a minute) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@echo "Installing what its tests need (once) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: $(VENV)/run.stamp ## Start the service on PORT (8080), with a Redis of its own
	@$(BIN)/plainline build
	@exec $(BIN)/plainline serve

test: $(VENV)/dev.stamp ## Run every test, against a real Redis
	@$(BIN)/python -m pytest -n auto $(PYTEST)

lint: $(VENV)/dev.stamp ## Format, style, types and floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: $(VENV)/run.stamp ## Find what is wrong with content, catalogues, flows and settings
	@$(BIN)/plainline check

bench: $(VENV)/dev.stamp ## Measure the service against the tutorial's application
	@$(BIN)/plainline build
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.growth
	@$(BIN)/python -m bench.understanding
	@$(BIN)/python -m bench.overload
	@$(BIN)/python -m bench.calls
	@$(BIN)/python -m bench.sending

proof: $(VENV)/dev.stamp ## Try everything that may go wrong, count, and write the table of the README (an hour at most)
	@$(BIN)/python -m tests.proof $(PROOF)

recordings: $(VENV)/run.stamp ## Make stand-ins for what no voice of the carrier's says (needs espeak-ng and lame)
	@$(BIN)/plainline record ht

messages: $(VENV)/run.stamp ## Bring the template and every catalogue up to the sources
	@$(BIN)/plainline messages

lock: $(VENV)/dev.stamp ## Compile the locks anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header pyproject.toml --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --group dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

clean: ## Forget the environment and everything that was built
	@rm -rf $(VENV) .build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
