# Every target does its own set-up: the virtual environment is made when it is missing, and again when the lock changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# a benchmark is a module that can be run; the others in that folder are its helpers
BENCHMARKS := $(basename $(notdir $(shell grep -l '^if __name__' benchmarks/*.py 2>/dev/null)))

.DEFAULT_GOAL := help
.PHONY: help demo up test faults check format bench lock clean

help: ## list the targets
	@echo 'make TARGET [PYTHON=python3.12]    any Python from 3.11 on'
	@sed -n 's/^\([a-z][a-zA-Z%-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F '|' '{ printf "  %-12s %s\n", $$1, $$2 }'

demo: $(READY) ## a simulated network, trained rankers and the API, until Ctrl-C; ONCE=1 ends after the first answers
	@$(BIN)/feedrank demo $(if $(ONCE),--once) $(ARGS)

up: $(READY) ## the same against your own PostgreSQL (FEEDRANK_SOURCE__DSN or feedrank.toml)
	@$(BIN)/feedrank up $(ARGS)

test: $(READY) ## all tests; ARGS='tests/unit -k split' to choose
	$(BIN)/python -m pytest $(ARGS)

faults: $(READY) ## kill a night at 50 points and the API at 20; writes the table in docs/reliability.md
	$(BIN)/python -m tests.faults $(ARGS)

check: $(READY) ## formatting, lint, types, who may import whom, known weaknesses
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/audit.py

format: $(READY) ## rewrite the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## all benchmarks, one after the other; fails if a bound does not hold
	@failed=0; for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || failed=1; done; exit $$failed

bench-%: $(READY) ## one of them, for example bench-copy
	$(BIN)/python -m benchmarks.$*

lock: $(READY) ## resolve pyproject.toml into requirements.lock; UPGRADE=--upgrade for the newest versions
	$(BIN)/python .ci/lock.py $(UPGRADE)

clean: ## remove the environment, the caches and everything that a demo wrote
	rm -rf $(VENV) .feedrank .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
	rm -rf benchmarks/results catboost_info

$(READY): $(wildcard requirements*.lock) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo >&2 \
		'feedrank needs Python 3.11 or newer; $(PYTHON) is '"$$($(PYTHON) --version 2>&1)"'. Try: make PYTHON=python3.12 $(MAKECMDGOALS)'; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo >&2 \
		'$(PYTHON) cannot make virtual environments; install its venv module (on Debian and Ubuntu: python3-venv)'; exit 1; }
	@echo 'setting up $(VENV): about two minutes and 3 GB'
	@$(PYTHON) -m venv $(VENV)
	@# the locks are whole, and no file is taken but those whose hashes they name
	@$(PIP) --require-hashes --requirement requirements.lock
	@# torch for processors alone where the index has it, or else PyPI's, with CUDA's libraries
	@$(PIP) --require-hashes --requirement requirements-torch-cpu.lock 2> /dev/null || \
		$(PIP) --require-hashes --requirement requirements-torch.lock
	@$(PIP) --no-build-isolation --editable .
	@touch $(READY)
