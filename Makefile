# One entry for people and CI. `make help` lists what there is; every target sets up what it needs, once.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo up test test-python test-policy test-long regress laws mutate lint fmt page fuzz bench bench-regress lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# The lock is complete, so nothing is resolved anew (--no-deps): pip would look past a pin for `package[extra]`.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("livegate needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another with PYTHON=…") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## the example organisation: sync, bundles, OPA, decisions, a live revocation
	@$(BIN)/livegate demo

up: $(READY) ## keep the example organisation running, for curl
	@$(BIN)/livegate up --example

test: lint test-policy test-python regress ## everything that must hold
	@echo "all good"

engine: $(READY)
	@$(BIN)/livegate opa install --regal

test-python: engine ## the Python tests, against real OPA, SCIM and OpenBao servers
	@$(BIN)/pytest -n $(JOBS)

test-policy: engine ## the Rego tests, coverage 100 %
	@$$($(BIN)/livegate opa version --path) test rego --timeout 60s --coverage --threshold 100 --fail-on-empty --format json > /dev/null \
	  || { $$($(BIN)/livegate opa version --path) test rego --timeout 60s --fail-on-empty; $$($(BIN)/livegate opa version --path) test rego --timeout 60s --coverage --format json | $(BIN)/python -c 'import json,sys; [print(name, item.get("not_covered")) for name, item in json.load(sys.stdin)["files"].items() if item.get("not_covered")]'; exit 1; }
	@$$($(BIN)/livegate opa version --path) test rego --timeout 60s --fail-on-empty | tail -1

test-long: engine ## what takes minutes: SPIRE (built once), the long fuzz
	@$(BIN)/pytest -n 0 -m longrun
	@$(MAKE) --no-print-directory fuzz

regress: engine ## the decision cases, against signed bundles
	@$(BIN)/livegate regress run

laws: engine ## what must always hold, on cases, corpus and random requests
	@$(BIN)/livegate regress laws

mutate: engine ## whether the cases would notice if a gate were wrong: at least 95 % of the mutants of each
	@$(BIN)/livegate regress mutate --only rego/authz/gates --floor 95

lint: engine ## style, types, dependency direction, Rego, controls
	@$(BIN)/ruff format --check tooling tests
	@$(BIN)/ruff check tooling tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > .import-linter.out || { cat .import-linter.out; rm -f .import-linter.out; exit 1; }
	@rm -f .import-linter.out
	@$$($(BIN)/livegate opa version --path) fmt --fail --list rego
	@$$($(BIN)/livegate opa version --path) check --strict --schema tooling/livegate/documents/schemas rego
	@$$($(BIN)/livegate opa version --regal --path) lint rego
	@$$($(BIN)/livegate opa version --regal --path) test .regal/rules
	@$(BIN)/livegate policy check
	@$(BIN)/livegate policy page --check

page: engine ## the catalogue page of rules and controls
	@$(BIN)/livegate policy page

fmt: engine ## put the code in form
	@$(BIN)/ruff format tooling tests
	@$(BIN)/ruff check --fix tooling tests
	@$$($(BIN)/livegate opa version --path) fmt --write rego

fuzz: engine ## 100,000 requests on a real OPA against the oracle, and the laws; COUNT= and SEED= for others
	@$(BIN)/python -m tests.fuzz --count $(or $(COUNT),100000) --seed $(or $(SEED),1)

bench: engine ## the figures, as ratios of one run on this machine
	@$(BIN)/python -m tests.load

bench-regress: engine ## what decision regression costs, against `opa test` and one request a case
	@$(BIN)/python -m tests.load.regress

lock: ## resolve the dependencies anew, with hashes
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/python -m pip install --quiet uv
	@$(VENV)-lock/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --quiet --upgrade --output-file requirements.lock
	@rm -rf $(VENV)-lock

clean: ## what was built here; the engine's cache stays
	@rm -rf $(VENV) .livegate bundles/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
