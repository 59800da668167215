# One command for each thing people do here. Every target creates and refreshes .venv by itself.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# Three workers measured fastest on two cores, because many tests wait for an embedded AWS; PYTEST_WORKERS=0 runs in one
# process (for a debugger).
PYTEST_WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder
HISTORIES ?= 100000
SEED ?= 1
EXECUTIONS ?= 1000

.PHONY: help up down test outside thorough check mypy pyright format lock engine judges simulate mutants soak burst stripe-live-check bench wheel clean

help: ## Show this list.
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

up: $(VENV)/runtime.stamp ## Boot the embedded AWS, deploy the program and take the tour; GATEWAY=stripe-double pays there.
	@$(BIN)/booking up $(if $(GATEWAY),--gateway $(GATEWAY))

down: $(VENV)/runtime.stamp ## Stop the embedded AWS and forget its state.
	@$(BIN)/booking down --yes

test: $(VENV)/dev.stamp ## Run the test suite: deterministic and bounded, and it needs nothing but Python.
	$(PYTEST) -m "not outside"

outside: $(VENV)/dev.stamp ## Run the tests that need an outside program: the engine, a judge or a browser.
	$(PYTEST) -m outside

thorough: $(VENV)/dev.stamp ## Run the test suite with random examples and every slow case: an hour or more.
	HYPOTHESIS_PROFILE=thorough $(PYTEST)

check: $(VENV)/dev.stamp ## Run the static checks: format, lint, types, import contracts.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory -j 2 mypy pyright

mypy pyright: $(VENV)/dev.stamp
	$(BIN)/$@

format: $(VENV)/dev.stamp ## Format the code and mend what the linter can mend.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/dev.stamp ## Pin the dependencies of pyproject.toml again, with hashes.
	tools/lock

engine: ## Find or build the Pulumi CLI (needs pulumi, or go).
	@tools/engine/build

judges: $(VENV)/dev.stamp ## Install the outside judges whose toolchain is here (npm, Maven, PyPI, Go).
	@tools/judges/install

simulate: $(VENV)/dev.stamp ## Run seeded fault histories: HISTORIES=1000000 SEED=7, GATEWAY=stripe or stripe-webhooks.
	SIMULATED_GATEWAY=$(GATEWAY) $(BIN)/python -m tests.simulation --histories $(HISTORIES) --seed $(SEED)

mutants: $(VENV)/dev.stamp ## Apply each seeded mutant and see that a test kills it.
	$(BIN)/python -m tools.mutants

stripe-live-check: $(VENV)/dev.stamp ## Charge and refund in Stripe's test mode: STRIPE_KEY_FILE=key.txt (skipped without).
	$(BIN)/python -m tools.stripe_live_check "$(STRIPE_KEY_FILE)"

soak: $(VENV)/dev.stamp ## Run EXECUTIONS bookings with 8 clients and crashing functions through the embedded AWS.
	$(BIN)/python -m tests.soak --executions $(EXECUTIONS)

burst: $(VENV)/dev.stamp ## Send 200 purchases at once, and by 32 clients, through the embedded AWS: all must succeed.
	$(BIN)/python -m tests.soak.burst

bench: $(VENV)/dev.stamp ## Print the short benchmarks as ratios; ONLY=cold,workflow or ONLY=all, ROUNDS=7, BEFORE=file.json.
	$(BIN)/python -m bench $(ONLY) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(BEFORE),--before $(BEFORE))

wheel: $(VENV)/dev.stamp ## Build the wheel into dist/.
	$(BIN)/python -m hatchling build -t wheel

clean: ## Remove what was built and installed here (run `make down` first).
	rm -rf $(VENV) .build dist

$(VENV)/runtime.stamp: requirements.lock pyproject.toml tools/bootstrap tools/preflight.py
	@tools/bootstrap runtime

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml tools/bootstrap tools/preflight.py
	@tools/bootstrap dev
