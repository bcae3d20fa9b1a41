PYTHON ?= python3
PY := .venv/bin/python
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1|/' | column -t -s '|'

.PHONY: setup
setup: ## Create .venv from the locked requirements and fetch the Kafka broker.
	@$(PYTHON) deploy/local/bootstrap.py
	@$(PY) -m deploy.local.setup
