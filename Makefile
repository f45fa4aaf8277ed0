# Needs Python 3.11 or newer, make and git; everything else is installed into .venv by the first target that needs it.
PYTHON ?= python3
CORES ?= 2
TABLES ?= ../shared/data/lab3_accuracy_tables
LINT_TABLES := tests/data/tables

BIN := .venv/bin
# Two workers, a file of tests at a time, in the order of tests/conftest.py.
PYTEST := -n 2 --dist loadfile --no-loadscope-reorder --failed-first
PIP := $(BIN)/pip --disable-pip-version-check
ENV := .venv/installed

# Tests start hundreds of processes, for which the code is compiled once, whatever is usual on a machine.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env reproduce verify-reproducible lab3 published docs lint check-style check-types check-workflow unit test \
        test-faults test-cluster coverage mutants lock schema clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(ENV): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("needs Python 3.11 or newer: make PYTHON=python3.11")'
	@$(PYTHON) -c 'import os, re, sys; folder = os.getcwd(); \
	  re.search(r"[\s()&;$$`|<>*?#~!{}\[\]\"\x27]", folder) and sys.exit(f"needs a folder whose path has no spaces, quotes, \
	brackets or other characters of the shell; got {folder!r}")'
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

env: $(ENV) ## Make .venv with the locked versions

reproduce: $(ENV) ## The embedded default, from images to validated subnets (CORES=2)
	$(BIN)/snakemake --cores $(CORES)

verify-reproducible: $(ENV) ## Run the embedded default twice, on 1 and on 2 cores, and compare every byte
	$(BIN)/python benchmarks/reproducible.py

lab3: $(ENV) ## Predictors, search and report from published accuracy tables (CORES=2 TABLES=folder)
	$(BIN)/snakemake --cores $(CORES) --configfile config/lab3_tables.yaml --config tables=$(TABLES)

published: lab3 ## The eight published targets: published results beside ours, in one table (TABLES=folder)
	@$(BIN)/python benchmarks/published.py

docs: $(ENV) ## Build the documentation into site/, with warnings as errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lint: $(ENV) ## Check style, types, import rules, the workflow and the documentation, two at a time
	@$(MAKE) --no-print-directory --jobs=2 docs check-style check-types check-workflow

check-style: $(ENV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/lint-imports --no-logo

check-types: $(ENV)
	$(BIN)/mypy

check-workflow: $(ENV)
	$(BIN)/snakemake --lint
	$(BIN)/snakemake --lint --configfile config/lab3_tables.yaml --config tables=$(LINT_TABLES)
	$(BIN)/snakemake --lint --configfile config/binas.yaml --config 'finetuning={epochs: 1}'

unit: $(ENV) ## Test the library without the tests that take a second or more: first what failed last
	$(BIN)/pytest $(PYTEST) --ignore tests/workflow -m 'not cluster and not long and not slow'

test: $(ENV) lint ## Check and test everything; of kills and full disks a sample
	$(BIN)/pytest $(PYTEST)

test-faults: $(ENV) ## The long tests: jobs of every rule are killed, the disk is full for every rule, all images are rendered
	$(BIN)/pytest $(PYTEST) -m long

coverage: $(ENV) ## Lines and branches of nascore that the tests of `make test` run, jobs of the workflow included
	rm -rf build/coverage
	$(BIN)/coverage run -m pytest $(PYTEST)
	$(BIN)/coverage combine --quiet
	# Pages of the documentation write modules into copies that are gone by then.
	$(BIN)/coverage report --skip-covered --skip-empty --ignore-errors

mutants: $(ENV) ## Change single expressions of four packages, 200 of each, and count the changes that a test notices
	$(BIN)/python benchmarks/mutants.py

test-cluster: $(ENV) ## Run a small workflow on a Slurm of its own, cancel a job, compare (installs slurm-wlm)
	tests/cluster/install.sh
	$(PIP) install --quiet --no-build-isolation -e ".[cluster]"
	$(BIN)/pytest -m cluster tests/cluster

lock: ## Renew requirements.lock with the newest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/pip --disable-pip-version-check install torch==2.13.0 torchvision==0.28.0 -e ".[dev]"
	{ sed -n '/^#/p' requirements.lock; \
	  build/lock/bin/pip --disable-pip-version-check freeze --all --exclude pip --exclude nascore | sed 's/+cpu$$//'; \
	} > build/requirements.lock
	mv build/requirements.lock requirements.lock
	rm -rf build/lock

schema: $(ENV) ## Renew the schemas of configuration and lineage, and config/README.md
	$(BIN)/python -m nascore.config_docs config
	$(BIN)/python -m nascore.lineage.schema docs/lineage_schema.json

clean: ## Remove results and caches, not .venv
	rm -rf data/*/ results/*/ build site .snakemake .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find nascore rules tests workflow_scripts benchmarks -name __pycache__ -prune -exec rm -rf {} +
