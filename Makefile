# The few commands of this repository. `make` alone lists them.
#
# PYTHON=python3.12 make setup    picks the interpreter the environment is made from
# GANBOOK_BUDGET=smoke|book|full  picks how long chapters train (default: book)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BUILD := _build

# Without it each kernel prints a warning that no reader can act upon.
export PYDEVD_DISABLE_FILE_VALIDATION := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup book test lab chapter normalize lint bench record colab repo clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / \
	  {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	@$(BIN)/python -m tools.render

test: $(READY) ## run every check: ruff, tests, chapters, pages
	@$(BIN)/python -m tools.check

lab: $(READY) ## open the chapters in JupyterLab
	@cd book && ../$(BIN)/jupyter lab

chapter: $(READY) ## execute one chapter in place: NAME=vanilla-gan
	@$(BIN)/python -m tools.chapter $(NAME)

normalize: $(READY) ## bring every chapter into its normal form
	@$(BIN)/python -m tools.notebooks normalize

lint: $(READY) ## format and check the code, notebooks included
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY) ## compare with named rivals, ratios in one run
	@$(BIN)/python -m benchmarks

record: $(READY) ## repeat a long run that pages quote: NAME=...
	@$(BIN)/python -m ganbook.experiments $(NAME)

colab: $(READY) ## write plain copies of the chapters for Colab
	@$(BIN)/python -m tools.colab

repo: $(READY) ## show, or change everywhere, the public address: URL=...
	@$(BIN)/python -m tools.address $(URL)
	@test -z "$(URL)" || $(BIN)/python -m tools.notebooks normalize

clean: ## remove what was built (the environment stays)
	rm -rf $(BUILD) build dist
