# `make reproduce` runs the leading study (STUDY=<name> another one, STUDY=all all of them), `make dashboard` serves the
# row that it chose, `make test` checks the project. They install what they need.
# Three more for those who work on them: `make test-xla`, the XLA device in an environment of its own (docs/tpu.md),
# `make test-slurm`, the Slurm profile on a cluster of one node, as root (docs/scale.md), and `make test-postgres`, the
# store in PostgreSQL (docs/operations.md).
#
# On Linux pip takes the CUDA build of torch, several GB with NVIDIA's packages, unless its index has only the CPU build.
# Where it would, the CPU build comes from TORCH_INDEX; set empty (make TORCH_INDEX= reproduce), pip takes what it takes.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
LEADING := humaid_ner
STUDY ?= $(LEADING)
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
SHELL := /bin/bash

.PHONY: reproduce dashboard test test-xla test-slurm test-postgres lint clean
.DEFAULT_GOAL := reproduce

reproduce: .venv/installed
	@crisisflow unlock
	@echo "crisisflow: running $(STUDY) as in params.yaml (snakemake --cores all $(STUDY)); finished steps are kept"
	@# After Ctrl-C make ends by itself and runs no further line; without a failed command it has nothing to add either.
	@interrupted=; trap interrupted=1 INT; snakemake --cores all --quiet host reason -- $(STUDY); \
		code=$$?; [ -n "$$interrupted" ] || exit $$code
	@crisisflow record
	@echo
	@crisisflow $(if $(filter $(LEADING),$(STUDY)),summary,studies)

# `make dashboard OPTIONS="--port 9000"`: crisisflow serve --help has them all.
dashboard: .venv/installed
	@crisisflow serve $(OPTIONS)

test: .venv/installed-dev lint
	@echo "crisisflow: testing, fast ones first"
	@pytest

test-xla: .venv-xla/installed
	@echo "crisisflow: testing the XLA device on the CPU"
	@.venv-xla/bin/python -m pytest tests/xla

test-slurm: .venv/installed-dev .slurm-plugin/installed
	@echo "crisisflow: testing the Slurm profile on a cluster of one node"
	@pytest -n 0 tests/slurm

test-postgres: .venv/installed-dev
	@tests/install-postgres.sh
	@echo "crisisflow: testing the store in PostgreSQL on a server of the tests' own"
	@pytest -n 0 tests/postgres

lint: .venv/installed-dev
	@echo "crisisflow: checking style and the workflow"
	@ruff check .
	@ruff format --check .
	@snakefmt --check --compact-diff Snakefile workflow/rules
	@hadolint Dockerfile
	@kubernetes-validate --strict --quiet profiles/kubernetes/job.yaml
	@# One pinned environment serves all rules, so the lint about software per rule does not apply; any other fails.
	@lint=$$(snakemake --lint 2>&1 || true); grep -q '^Lints for rule' <<< "$$lint" || { echo "$$lint"; exit 1; }; \
		! grep '^    \* ' <<< "$$lint" | grep -v 'Specify a conda environment or container for each rule'
	@crisisflow dvcyaml --check

.venv/installed: pyproject.toml constraints.txt
	@echo "crisisflow: installing into .venv (about 2.3 GB, some minutes; nothing outside this folder is changed)"
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "crisisflow: Python 3.11 is needed; name it with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@"$(PYTHON)" -m venv .venv
	@[ -z "$(TORCH_INDEX)" ] || { set -o pipefail; \
		index=$$(pip install -qq --disable-pip-version-check --dry-run --report - torch -c constraints.txt \
			| "$(PYTHON)" tools/torch_index.py "$(TORCH_INDEX)") || exit; \
		[ -z "$$index" ] || { \
			echo "crisisflow: torch's CPU build comes from $$index (pip's own, with CUDA: make TORCH_INDEX= $(MAKECMDGOALS))"; \
			pip install -qq --disable-pip-version-check --no-deps --index-url "$$index" torch -c constraints.txt; }; }
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

# Not into .venv, where the plugin would slow down every start of Snakemake. All else that it needs is in there.
.slurm-plugin/installed: pyproject.toml constraints.txt | .venv/installed
	@echo "crisisflow: installing Slurm and Snakemake's plugin for it"
	@tests/install-slurm.sh
	@pip install -qq --disable-pip-version-check --no-deps --upgrade --target .slurm-plugin -c constraints.txt \
		snakemake-executor-plugin-slurm snakemake-executor-plugin-slurm-jobstep
	@touch $@
