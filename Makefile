# What can be done with this project. Needs Python 3.11 or 3.12, make and git; everything else is installed below .venv.
.DEFAULT_GOAL := help
.PHONY: help run recipes up down deploy deploy-local install install-dev install-sam install-node test check bench lock clean

RECIPE ?= review-snippets

# Files that decide what is installed; the stamp's name is their digest, so going back to older files installs again.
# `git hash-object` is the one digest program that is there wherever this project is.
digest = $(shell { pwd; cat $(1); } | git hash-object --stdin)
INSTALLED := .venv/installed-$(call digest,requirements.txt pyproject.toml)
INSTALLED_DEV := .venv/installed-dev-$(call digest,requirements.txt requirements-dev.txt pyproject.toml)
INSTALLED_SAM := .venv-sam/installed-$(call digest,requirements-sam.txt)
NODE_MODULES := .cache/node
INSTALLED_NODE := $(NODE_MODULES)/installed-$(call digest,tests/node/package-lock.json)

# Nothing but pip's own cache is written outside this folder.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export KERAS_HOME := $(CURDIR)/.cache/keras
TEMPORARY := $(CURDIR)/.cache/tmp
# A lock is complete, so nothing is left to resolve; older pips cannot resolve extras by hash.
PIP_INSTALL = TMPDIR="$(TEMPORARY)" $(1)/bin/python -m pip install --no-deps --require-hashes --requirement

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  make run takes APPROVE=me (wait for your own click), FORCE=1 (release again) and RECIPE=name."
	@echo "  GREENLIGHT_PORT=4848 make run  uses another port."

run: $(INSTALLED) ## From nothing to a live model: install, start AWS here, deploy, release, ask the model
	@.venv/bin/greenlight demo $(RECIPE) --approve $(or $(APPROVE),auto) $(if $(filter-out 0,$(FORCE)),--force)

recipes: $(INSTALLED) ## Release all recipes here, each beside a plain model (RECIPES="a b", DATA=folder with RECIPE.csv)
	@.venv/bin/greenlight recipes release $(RECIPES) $(if $(DATA),--data "$(DATA)") $(if $(filter-out 0,$(FORCE)),--force)

up: $(INSTALLED) ## Start AWS on this laptop
	@.venv/bin/greenlight up

down: $(INSTALLED) ## Stop it
	@.venv/bin/greenlight down

deploy: $(INSTALLED) ## Deploy template.yaml to this laptop
	@.venv/bin/greenlight deploy

deploy-local: $(INSTALLED) $(INSTALLED_SAM) ## The same by the SAM CLI itself, with the packages that AWS would get
	@.venv/bin/greenlight up
	@eval "$$(.venv/bin/greenlight env)"; export $(SAM_ENVIRONMENT); \
	  .venv-sam/bin/sam build --config-env local && .venv-sam/bin/sam deploy --config-env local

install: $(INSTALLED) ## Install what running needs, into .venv
	@echo "Installed in .venv; the program is .venv/bin/greenlight"

install-dev: $(INSTALLED_DEV) ## Install what testing needs too
	@echo "Installed in .venv"

install-sam: $(INSTALLED_SAM) ## Install the SAM CLI and the aws CLI, into .venv-sam
	@echo "Installed in .venv-sam; the programs are .venv-sam/bin/sam and .venv-sam/bin/aws"

install-node: $(INSTALLED_NODE)

test: check $(INSTALLED_NODE) ## Install and run every check and every test (needs Node and npm, and Chromium)
	.venv/bin/python -m pytest

check: $(INSTALLED_DEV) $(INSTALLED_SAM) ## Format, lint, types, import directions, templates, state machine
	.venv/bin/ruff format --check --no-cache .
	.venv/bin/ruff check --no-cache .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m workflows.check
	@for template in template.yaml infra/sam/*.yaml; do \
	  echo "sam validate --lint --template $$template"; \
	  $(SAM_ENVIRONMENT) .venv-sam/bin/sam validate --lint --region us-east-1 --template $$template || exit 1; \
	done
	.venv/bin/python -m pytest -q tests/unit/workflows

bench: $(INSTALLED_DEV) ## Time a first release and a run with nothing new, and compare the model with a plain one
	.venv/bin/python -m bench.release
	.venv/bin/python -m bench.quality
	.venv/bin/python -m bench.serving

lock: .cache/uv/bin/uv ## Lock the newest versions that fit pyproject.toml, with hashes
	$(LOCK) --extra dev --output-file requirements-dev.txt pyproject.toml
	$(LOCK) --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml
	$(LOCK_PACKAGE) --group lambdas --python-version 3.12 --python-platform aarch64-manylinux2014 $(LAMBDA_HAS) --output-file lambdas/requirements.txt
	$(LOCK_PACKAGE) --group training --python-version 3.12 --no-deps --python-platform x86_64-manylinux2014 --output-file training/requirements.txt
	$(LOCK_PACKAGE) --group training-py310 --python-version 3.10 --no-deps --python-platform x86_64-manylinux_2_28 --output-file training/requirements-py310.txt
	$(LOCK_PACKAGE) --group serving --python-version 3.12 --python-platform x86_64-manylinux_2_28 --output-file serving/requirements.txt
	printf 'aws-sam-cli\nawscli\n' | $(LOCK) --output-file requirements-sam.txt -
	npm update --prefix tests/node --package-lock-only --loglevel error

clean: ## Stop AWS on this laptop and delete all that was made here
	@if [ -x .venv/bin/greenlight ]; then .venv/bin/greenlight down; fi
	rm -rf .greenlight .cache .aws-sam .venv .venv-sam build *.egg-info .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what `sam build` calls: one target for each function and layer -------------------------------------------------

build-LibrariesLayer:
	@$(PACKAGE) install lambdas/requirements.txt "$(ARTIFACTS_DIR)/python" --machine aarch64

build-PublishCodeFunction:
	@$(PACKAGE) copy PublishCodeFunction "$(ARTIFACTS_DIR)"
	@$(PACKAGE) install training/requirements.txt "$(ARTIFACTS_DIR)/lib" --machine x86_64
	@$(PACKAGE) install training/requirements-py310.txt "$(ARTIFACTS_DIR)/lib-py310" --machine x86_64 --python 3.10

build-%:
	@$(PACKAGE) copy $* "$(ARTIFACTS_DIR)"

# Any Python from 3.11 on: packages are made for Lambda's, whatever the host's own is.
PACKAGE = for python in $(PYTHON) .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11 python ""; do \
    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
  done; \
  if [ -z "$$python" ]; then echo "sam build needs Python 3.11 or newer on the PATH, or PYTHON=/path/to/python3" >&2; exit 1; fi; \
  $$python -B -P greenlight/package_content.py

# --- how it is done -------------------------------------------------------------------------------------------------

# The stamp is written last, so an installation that was interrupted is taken up again.
$(INSTALLED):
	@$(call new_environment,.venv)
	@echo "Installing the packages of requirements.txt (about 2 GB once unpacked; most of it is TensorFlow)"
	$(call PIP_INSTALL,.venv) requirements.txt
	$(INSTALL_PROJECT)
	@touch $@

$(INSTALLED_DEV): | $(INSTALLED)
	@rm -f .venv/installed-dev-*
	@echo "Installing the packages of requirements-dev.txt"
	$(call PIP_INSTALL,.venv) requirements-dev.txt
	@touch $@

$(INSTALLED_SAM):
	@$(call new_environment,.venv-sam)
	@echo "Installing the SAM CLI, in an environment of its own: its packages do not agree with ours"
	$(call PIP_INSTALL,.venv-sam) requirements-sam.txt
	@touch $@

# The state machine is executed by a second interpreter as well; it is published for Node.
$(INSTALLED_NODE): tests/node/package-lock.json
	@command -v npm >/dev/null || { \
	  echo "The tests need Node 18 or newer with npm on the PATH (on Debian: apt install nodejs npm)." >&2; exit 1; }
	@rm -rf $(NODE_MODULES) && mkdir -p $(NODE_MODULES)
	@cp tests/node/package.json tests/node/package-lock.json tests/node/.npmrc $(NODE_MODULES)
	npm ci --prefix $(NODE_MODULES) --cache "$(CURDIR)/.cache/npm" --loglevel error
	@touch $@

.cache/uv/bin/uv:
	@$(call new_environment,.cache/uv)
	TMPDIR="$(TEMPORARY)" .cache/uv/bin/python -m pip install uv

INSTALL_PROJECT = TMPDIR="$(TEMPORARY)" .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .

UV_COMPILE = UV_CACHE_DIR=.cache/uv/cache .cache/uv/bin/uv pip compile --quiet --upgrade --generate-hashes \
  --no-emit-index-url --no-header --no-annotate
LOCK = $(UV_COMPILE) --universal --python-version 3.11
# For one platform and with the versions that the laptop tests.
LOCK_PACKAGE = $(UV_COMPILE) --constraint requirements.txt --only-binary :all:
# boto3 and what it needs come with Lambda's runtime.
LAMBDA_HAS = $(foreach name,boto3 botocore jmespath python-dateutil s3transfer six urllib3,--no-emit-package $(name))

# The SAM CLI would else keep notes about its use in the home directory.
SAM_ENVIRONMENT = SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR="$(CURDIR)/.cache/sam" AWS_CONFIG_FILE=/dev/null \
  AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true

# $(1): folder of the virtual environment; made anew when it is missing or its Python is gone.
define new_environment
mkdir -p "$(TEMPORARY)"; rm -f $(1)/installed-*; chosen=; found=; \
if ! $(1)/bin/python -c 'import pip' 2>/dev/null; then \
  for python in $(PYTHON) python3.12 python3.11 python3 python; do \
    if version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then \
      case $$version in \
        3.11|3.12) \
          if $$python -c 'import ensurepip, venv' 2>/dev/null; then chosen=$$python; break; fi; \
          found="$$found $$python ($$version, without venv: on Debian install python$$version-venv)" ;; \
        *) found="$$found $$python ($$version)" ;; \
      esac; \
    fi; \
  done; \
  if [ -z "$$chosen" ]; then \
    echo "Greenlight needs Python 3.11 or 3.12 on the PATH. Found:$${found:- no Python at all}." >&2; \
    echo "Install one, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
    exit 1; \
  fi; \
  echo "Making $(1) with $$chosen ($$version)"; \
  $$chosen -m venv --clear $(1); \
fi
endef
