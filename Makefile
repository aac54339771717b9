# Everything sets itself up: `make demo` and `make test` work on a fresh clone with Python, git,
# make and a C compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Installed as users have it: what the tests need beside it makes a start slower.
BENCH := .venv-bench
PYTEST_ARGS ?=

BENCH_ARGS ?=
JUNIT ?=

.PHONY: demo test lint coverage sweep oracle bench self-check clean

demo: $(READY)  ## the main job on packaged data
	@$(BIN)/pipeline demo

test: $(READY)  ## every test that this machine can run
	@$(BIN)/pytest -n auto $(PYTEST_ARGS)

lint: $(READY)  ## ruff and mypy, as the gate runs them
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

coverage: $(READY)  ## branch coverage of the pure layers; each uncovered branch is listed
	@$(BIN)/coverage erase
	@$(BIN)/pytest -q -n auto tests/domain tests/formats tests/load --cov=pipeline_cli.domain \
		--cov=pipeline_cli.formats --cov-branch --cov-report=term-missing:skip-covered

sweep: $(READY)  ## the long sweeps: kill and error injection over every write
	@$(BIN)/pytest -n auto -m "sweep or not sweep" tests/store tests/cli

oracle: $(READY)  ## the known answers, where the corpus lies beside the project
	@for group in metrics effectiveness plan_progress alignment attention monitor_conditions \
		coverage; do \
		$(PYTHON) ../shared/corpus/check_oracle.py --pipeline $(CURDIR)/$(BIN)/pipeline \
			--group $$group || exit 1; done
	@$(PYTHON) ../shared/corpus/check_truth.py --pipeline $(CURDIR)/$(BIN)/pipeline \
		--min-precision 0.98 --min-recall 0.95

bench: $(BENCH)/.ready  ## ours beside named opponents, as ratios of one run
	@$(BENCH)/bin/python -m tests.bench $(BENCH_ARGS)

self-check: $(READY)  ## the tool on this repository; with JUNIT=FILE its tests count, too
	@$(BIN)/pipeline align --check
	@$(BIN)/pipeline verify --check $(addprefix --junit ,$(JUNIT))
	@$(BIN)/pipeline update-coverage --check $(addprefix --junit ,$(JUNIT))
	@$(BIN)/pipeline meta-check --force --dry-run --check
	@$(BIN)/pipeline rotate --count 5
	@$(BIN)/pipeline status

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

$(BENCH)/.ready: pyproject.toml
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BENCH)/bin/python -m pip install --quiet --editable ".[all]" --group bench
	@touch $@

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
