# From a fresh clone: `make demo`, `make test`. Everything is installed into .venv; nothing outside the folder is changed.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# Tried in this order; a command that exists but fails (a pyenv shim, a Python without ensurepip) is passed over.
CANDIDATES := python3.11 python3.12 python3.13 python3 python $(wildcard $(HOME)/.pyenv/versions/3.1[123].*/bin/python)
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-slow lint types format docs clean

help:  ## Say what there is to make.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "PYTHON=/path/to/python chooses the Python (3.11 to 3.13) that .venv is made with."

venv: $(VENV)/.core  ## Make .venv and install the package into it.

demo: $(VENV)/.core  ## Adapt the shipped model to 100 images, score it, export it (runs/demo).
	$(BIN)/ktg finetune --data examples/twemoji_people/train --source emoji_64 --out runs/demo \
	    --reference examples/twemoji_people/reference --compare-scratch --kimg 2

test: $(VENV)/.dev  ## Run the whole default test suite.
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.dev  ## Run the tests that `make test` leaves out since they take long.
	$(BIN)/python -m pytest -m slow

lint: types  ## Check the code with ruff and mypy.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev  ## Check the type hints of the package with mypy.
	$(BIN)/mypy

format: $(VENV)/.dev  ## Let ruff rewrite what `make lint` complains of, where it can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.docs docs/live_demo/index.html  ## Build the documentation site into site/ (static files; warnings are errors).
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open site/index.html, or copy site/ to a web server."

docs/live_demo/index.html: saved_models/noto_gan_64/gan.keras docs/make_live_demo.py $(wildcard keras_transfer_gen/export/web/*.py keras_transfer_gen/export/web/*/*) | $(VENV)/.docs
	$(BIN)/python docs/make_live_demo.py

clean:  ## Remove .venv, builds and caches; runs/ stays.
	rm -rf $(VENV) build dist site docs/live_demo *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamp files: each step is done once, and again when setup.py changes.
$(VENV)/.core: setup.py | $(VENV)/.made
	@echo "Installing keras_transfer_gen with TensorFlow into $(VENV): about 1 GB to fetch, a few minutes, once."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: setup.py | $(VENV)/.made
	@echo "Installing keras_transfer_gen with TensorFlow and the test tools into $(VENV): about 1 GB to fetch, a few minutes, once."
	@$(PIP) --editable ".[dev]"
	@touch $@ $(VENV)/.core

$(VENV)/.docs: setup.py | $(VENV)/.made
	@echo "Installing keras_transfer_gen with MkDocs into $(VENV), once."
	@$(PIP) --editable ".[docs]"
	@touch $@ $(VENV)/.core

$(VENV)/.made:
	@for python in $(or $(PYTHON),$(CANDIDATES)); do \
	    if "$$python" -c "$(USABLE)" >/dev/null 2>&1; then \
	        echo "Making $(VENV) with $$("$$python" -c 'import platform, sys; print(f"Python {platform.python_version()} ({sys.executable})")')"; \
	        "$$python" -m venv --clear $(VENV) && touch $@ && exit 0; \
	    fi; \
	done; \
	echo "No usable Python found. Tried: $(or $(PYTHON),$(CANDIDATES))." >&2; \
	echo "Python 3.11, 3.12 or 3.13 with venv is needed (Debian and Ubuntu: apt install python3-venv)." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1
