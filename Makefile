# The few commands of this repository. `make` alone lists them.
#
# PYTHON=python3.12 make setup    picks the interpreter the environment is made from
# GANBOOK_BUDGET=smoke|book|full  picks how long chapters train (default: book)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BUILD := _build

export PYDEVD_DISABLE_FILE_VALIDATION := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup book test lab chapter normalize lint bench record colab repo clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / \
	  {printf "  make %-22s %s\n", $$1 $$3, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv and install what the book needs

# The stamp is newer than both lists of requirements when nothing is to be done.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is" \
	    "$$($(PYTHON) --version 2>&1 || true)." \
	    "Try: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot create environments;" \
	    "on Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt --editable .
	@touch $@

book: $(READY) ## execute the chapters and render the book
	@$(BIN)/python -m tools.fingerprint clear
	@$(BIN)/jupyter-book build . --path-output . -W -n --keep-going
	@$(BIN)/python -m tools.fingerprint save
	@echo "The book is in $(BUILD)/html/index.html"

clean: ## remove what was built (the environment stays)
	rm -rf $(BUILD) build dist
