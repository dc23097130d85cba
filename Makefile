# What a contributor types. `make` alone prints the list.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
BASE_PYTHON ?= python3
BIN := $(VENV)/bin
# The venv is made anew when what it is made from changes.
WANTED := $(shell cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)
STAMP := $(VENV)/.made-from-$(WANTED)
# The linters of infra/ and the stand-in for AWS pin what we do not want, so each has a venv of its own.
INFRA_VENV ?= .venv-infra
INFRA_STAMP := $(INFRA_VENV)/.made-from-$(shell sha256sum tests/infra/requirements.txt | cut -c1-16)
STANDIN_VENV ?= .venv-ministack
STANDIN_STAMP := $(STANDIN_VENV)/.made-from-$(shell sha256sum tests/infra/requirements-standin.txt | cut -c1-16)
# The stand-in account: ministack with real Spark and real Trino behind it.
ACCOUNT_MADE_FROM := $(addprefix tests/aws/standin/,install.py pom.xml requirements.txt)
ACCOUNT_STAMP := .venv-standin/.made-from-$(shell cat $(ACCOUNT_MADE_FROM) | sha256sum | cut -c1-16)
# Spark brings no package that ours does not fit beside; a venv that adds it alone leaves $(VENV) as users have it.
SPARKS := 3.5.6 4.1.1
SPARK_STAMPS := $(foreach version,$(SPARKS),.venv-spark-$(version)/.made-from-$(WANTED))
TYPED := salesperf_cli
CHECKED := salesperf_cli glue_scripts tests docs $(wildcard infra)

.PHONY: help venv demo test test-slow parity parity-on-spark lint lint-infra standin types format bench docs clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

venv: $(STAMP)  ## Make .venv with the pinned packages (once)

$(STAMP):
	@$(BASE_PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set BASE_PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	@echo "Making $(VENV) (a minute or two, once) …"
	@test -x $(BIN)/python || $(BASE_PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]' -c constraints.txt
	@rm -f $(VENV)/.made-from-* && touch $(STAMP)

demo: $(STAMP)  ## Run the whole pipeline on sample data in demo-shop/
	@rm -rf demo-shop
	@$(BIN)/salesperf demo demo-shop

test: lint types  ## Lint, types and the quick tests
	@$(BIN)/python -m pytest -q -n auto

test-slow: $(STAMP)  ## The slow suites (real data, kill -9); those of Spark where Java is
	@$(BIN)/python -m pytest -q -m 'slow or spark' || { code=$$?; test $$code -eq 5 && echo 'No slow tests.' || exit $$code; }

parity: $(STAMP)  ## DuckDB and Spark make the same rows: the real data, malformed files, kills, edge cases
	@if command -v java > /dev/null || test -n "$$JAVA_HOME"; then $(MAKE) parity-on-spark; \
		else echo 'Skipped: Spark needs Java 17 and there is none.'; fi

parity-on-spark: $(SPARK_STAMPS)
	@.venv-spark-3.5.6/bin/python -m pytest -q -m spark tests/parity
	@.venv-spark-3.5.6/bin/python -m pytest -q -m spark tests/spark
	@.venv-spark-4.1.1/bin/python -m pytest -q -m spark tests/parity -k 'real_data or malformed'
	@.venv-spark-4.1.1/bin/python -m pytest -q -m spark tests/spark

.venv-spark-%/.made-from-$(WANTED): $(STAMP)
	@echo "Making $(@D) (a minute or two, once) …"
	@rm -rf $(@D) && $(BASE_PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/parity/requirements-spark-$*.txt
	@for each in $(BIN) $(@D)/bin; do $$each/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; done | \
		{ read -r ours; read -r theirs; printf '%s\n' "$$ours" $(CURDIR) > "$$theirs/salesperf.pth"; }
	@touch $@

lint: $(STAMP)  ## Ruff
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/ruff format --quiet --check $(CHECKED) || { echo 'Run: make format'; exit 1; }

lint-infra: $(INFRA_STAMP)  ## cfn-lint, checkov, parliament and cfn-guard over infra/
	@$(INFRA_VENV)/bin/python tests/infra/lint.py

$(INFRA_STAMP): REQUIREMENTS := tests/infra/requirements.txt
$(STANDIN_STAMP): REQUIREMENTS := tests/infra/requirements-standin.txt
$(INFRA_STAMP) $(STANDIN_STAMP):
	@echo "Making $(@D) (a minute or two, once) …"
	@rm -rf $(@D) && $(BASE_PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $(REQUIREMENTS)
	@touch $@

standin: $(STANDIN_STAMP) $(ACCOUNT_STAMP)  ## Make the stand-in for AWS: ministack, and Spark and Trino behind it
	@if test -e .venv-standin/ready; then $(MAKE) .venv-spark-3.5.6/.made-from-$(WANTED); fi

$(ACCOUNT_STAMP): $(ACCOUNT_MADE_FROM)
	@echo "Making $(@D) (half a minute and 1.4 GB, once) …"
	@$(BASE_PYTHON) tests/aws/standin/install.py $(@D)
	@if test -e $(@D)/ready; then touch $@; fi

types: $(STAMP)  ## mypy --strict
	@$(BIN)/mypy --no-error-summary $(TYPED)

format: $(STAMP)  ## Format and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix $(CHECKED) || true
	@$(BIN)/ruff format --quiet $(CHECKED)

bench: $(STAMP)  ## Measure, and print a table
	@$(BIN)/python tests/bench/run.py

docs: $(STAMP)  ## Write the generated pages of docs/reference anew
	@$(BIN)/python docs/generate.py

clean:  ## Remove what was made (the venv stays; rm -r .venv removes it)
	@rm -rf build dist site demo-shop .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
