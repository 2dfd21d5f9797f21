# finsurge: `make` alone lists what there is.
PYTHON ?= python3#        makes .venv; must be 3.11 or newer
BROKER ?= embedded#       of `make demo`: embedded, kafka, or kafka://host:port
JOBS   ?= 2#              processes of the tests; those of a file stay in one
BENCH  ?= $(sort $(wildcard benchmarks/*.py))
ARGS   ?=#                further arguments of demo, test, train: make train ARGS='--seed 8'

PYTHON := $(strip $(PYTHON))
BROKER := $(strip $(BROKER))
JOBS   := $(strip $(JOBS))
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup tools demo test test-all check train bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## make .venv with everything in it; again only when pyproject.toml or constraints.txt change

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "finsurge needs Python 3.11 or newer, $(PYTHON) is not: install one, then make $(or $(MAKECMDGOALS),setup) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) comes without venv: apt-get install python3-venv (Debian, Ubuntu)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[embedded,otel,s3,train,dev]'
	@touch $@

tools: setup ## into .tools: what tests need beside Python (Helm, kubeconform, kube-score, compose, an object store); needs Go
	@PYTHON=$(BIN)/python deploy/tools.sh

demo: setup ## a crisis is found, and what is then corrected is learned (BROKER=embedded|kafka|kafka://host:port)
	@$(BIN)/finsurge demo --broker $(BROKER) $(ARGS)

test: setup ## the tests, without the long ones; those on a real Kafka need Java 17+ and Maven
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m 'not long' $(ARGS)

test-all: setup ## all tests
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

check: setup ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

train: setup ## train a policy on the labelled data (FINSURGE_DATA) into runs/
	$(BIN)/finsurge train $(ARGS)

bench: setup ## run the benchmarks, each prints its table (BENCH=benchmarks/stream.py for one)
	@set -e; for file in $(BENCH); do echo "== $$file"; $(BIN)/python $$file; done

clean: ## remove caches and build products; .venv, runs and state stay
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find models rl alerts pipeline tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
