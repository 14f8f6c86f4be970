# `make reproduce` runs the study in params.yaml, `make dashboard` serves the row that it chose, `make test` checks the
# project. They install what they need.
# One more for those who work on the XLA device: `make test-xla`, in an environment of its own (docs/tpu.md).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
SHELL := /bin/bash

.PHONY: reproduce dashboard test test-xla lint clean
.DEFAULT_GOAL := reproduce

reproduce: .venv/installed
	@crisisflow unlock
	@echo "crisisflow: running the study in params.yaml (snakemake --cores all); finished steps are kept"
	@snakemake --cores all --quiet host progress
	@crisisflow record
	@echo
	@echo "crisisflow: done. Open results/report.html"

# `make dashboard OPTIONS="--port 9000"`: crisisflow serve --help has them all.
dashboard: .venv/installed
	@crisisflow serve $(OPTIONS)

test: .venv/installed-dev lint
	@echo "crisisflow: testing, fast ones first"
	@pytest

test-xla: .venv-xla/installed
	@echo "crisisflow: testing the XLA device on the CPU"
	@.venv-xla/bin/python -m pytest tests/xla

lint: .venv/installed-dev
	@echo "crisisflow: checking style and the workflow"
	@ruff check .
	@ruff format --check .
	@snakefmt --check --compact-diff Snakefile workflow/rules
	@# One pinned environment serves all rules, so the lint about software per rule does not apply; any other fails.
	@lint=$$(snakemake --lint 2>&1 || true); grep -q '^Lints for rule' <<< "$$lint" || { echo "$$lint"; exit 1; }; \
		! grep '^    \* ' <<< "$$lint" | grep -v 'Specify a conda environment or container for each rule'
	@crisisflow dvcyaml --check

.venv/installed: pyproject.toml constraints.txt
	@echo "crisisflow: installing into .venv (about 2.3 GB, some minutes; nothing outside this folder is changed)"
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "crisisflow: Python 3.11 is needed; name it with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@"$(PYTHON)" -m venv .venv
	@pip install -qq --disable-pip-version-check -e . -c constraints.txt
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "crisisflow: installing the test tools"
	@tests/install-sshd.sh
	@tests/install-chromium.sh
	@pip install -qq --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $@

# torch_xla needs a torch of its own version.
.venv-xla/installed: pyproject.toml constraints.txt constraints-xla.txt
	@echo "crisisflow: installing into .venv-xla (about 9 GB, some minutes; nothing outside this folder is changed)"
	@"$(PYTHON)" -m venv .venv-xla
	@.venv-xla/bin/pip install -qq --disable-pip-version-check -e '.[dev,tpu]' \
		-c <(grep -v '^torch==' constraints.txt) -c constraints-xla.txt
	@touch $@
