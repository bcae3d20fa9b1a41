PYTHON ?= python3
PY := .venv/bin/python
LOCAL := $(PY) -m deploy.local
UV := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

SECONDS ?= 40
OUT ?= build/demo.json
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  %-8s %s\n' "$$name" "$$text"; done

.PHONY: setup
setup: ## Create .venv from the locked requirements and fetch the Kafka broker.
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not on the path: Jonoton needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) deploy/local/bootstrap.py
	@$(PY) -m deploy.local.setup

.PHONY: run
run: setup ## Start everything in the foreground, with the demo; Ctrl-C stops it.
	@exec $(LOCAL) run

.PHONY: up
up: setup ## Start everything in the background; returns when it is ready.
	@$(LOCAL) up

.PHONY: stop
stop: ## Stop what `make up` or `make run` started.
	@if [ -x $(PY) ]; then $(LOCAL) stop; else echo "Nothing is set up here."; fi

.PHONY: status
status: ## Say what is running.
	@if [ -x $(PY) ]; then $(LOCAL) status; else echo "Nothing is set up here."; fi

.PHONY: demo
demo: setup ## Play customers and agents and measure: make demo SECONDS=40 OUT=build/demo.json
	@mkdir -p $(dir $(OUT))
	@exec $(LOCAL) demo --seconds $(SECONDS) --out $(OUT)

.PHONY: check
check: setup ## Check format, lint, types, imports and the quick tests: what CI runs first.
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@$(MAKE) --no-print-directory -j 2 --output-sync=target check-router check-types check-rest

# Side by side: two cores are what the smallest machine has.
.PHONY: check-types check-router check-rest
check-types:
	@.venv/bin/mypy
	@.venv/bin/lint-imports
check-router:
	@$(PY) -m pytest tests/unit/router tests/contract -q
check-rest:
	@$(PY) -m pytest tests/unit --ignore tests/unit/router -q

.PHONY: test
test: check ## Everything: check, then the tests against real Kafka, Redis and browsers.
	@$(PY) -m pytest $(wildcard tests/e2e tests/browser)

.PHONY: docs
docs: setup ## Write the generated documents anew.
	@$(PY) -m services.contracts.asyncapi > docs/asyncapi.json
	@$(PY) -m services.contracts.pool_schema > docs/pool.schema.json

.PHONY: bench
bench: setup ## Run the benchmarks; each prints a table and writes JSON under build/.
	@$(PY) -m bench

.PHONY: lock
lock: setup ## Resolve and pin Python's packages and the broker's jars anew.
	@$(UV) pyproject.toml -o requirements/runtime.txt
	@$(UV) pyproject.toml --extra local --extra plots --extra dev -o requirements/dev.txt
	@grep -E '^uv==' requirements/dev.txt | tr -d ' \\' | $(UV) --no-annotate - -o requirements/bootstrap.txt
	@$(PY) -m deploy.local.lock_jars
	@$(PYTHON) deploy/local/bootstrap.py
	@$(PY) -m deploy.local.setup

.PHONY: clean
clean: stop ## Stop everything and remove what was made here: .venv, .local, build, caches.
	@rm -rf .venv .local build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +
