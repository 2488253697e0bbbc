# SPDX-License-Identifier: Apache-2.0
# Needs make, Python 3.11+ with its venv module, and a package index. Each command makes the virtual environment that
# it needs, from a hash-pinned lock, and makes it again only when that lock changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

# Which Python makes the virtual environments; empty: the first usable one (ops/make_venv.sh).
PYTHON ?=
# More arguments for `registry demo --once`, as in: make demo ARGS="--data build/demo"
ARGS ?=
# More arguments for pytest, as in: make test PYTEST_ARGS="-n 0 -k naptr"
PYTEST_ARGS ?=
# Which benchmarks, as in: make bench BENCH="sign verify"; empty: all
BENCH ?=
# More arguments for uv, as in: make lock LOCK_ARGS=--upgrade
LOCK_ARGS ?=

CODE := registry trust_lists migrations ops tests
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --no-header --quiet $(LOCK_ARGS)

# Container images set it. Each of the hundreds of processes that the tests start would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## show these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv-run/.linked ## a participant is registered, published and found again, on this machine alone
	@.venv-run/bin/registry demo --once $(ARGS)

.PHONY: test
test: .venv/.linked ## the tests, without those marked slow (.ci/run runs these too)
	@.venv/bin/python -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder -m "not slow" $(PYTEST_ARGS)

.PHONY: bench
bench: .venv/.linked ## the benchmarks: a JSON object a line, last the targets; in build/bench.jsonl too
	@mkdir -p build && rm -f build/bench.jsonl
	@REGISTRY_BENCH_JSON=build/bench.jsonl .venv/bin/python ops/bench/run.py $(BENCH)

.PHONY: stories
stories: .venv/.linked ## 100,000 participants move in from other products, and back, while a client looks them up
	@REGISTRY_STORY_PARTICIPANTS=100000 .venv/bin/python -m pytest -m "" -n0 -s tests/e2e/test_move_in_phoss.py tests/e2e/test_move_in_domisml.py

.PHONY: lint
lint: .venv/.linked ## format, style, types, import contracts, and the project's own rules
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/ruff check $(CODE)
	.venv/bin/mypy
	.venv/bin/mypy ops
	.venv/bin/lint-imports
	.venv/bin/python ops/check_modules.py
	.venv/bin/python ops/check_words.py

.PHONY: format
format: .venv/.linked ## format the code and repair what can be repaired
	.venv/bin/ruff check --fix-only $(CODE)
	.venv/bin/ruff format $(CODE)

.PHONY: reference
reference: .venv/.linked ## write the reference pages that are made from code
	.venv/bin/python ops/write_reference.py

.PHONY: figures
figures: .venv/.linked ## write the figures of the documentation anew, from the corpus
	.venv/bin/python ops/figures/write_figures.py

.PHONY: wheel
wheel: .venv/.linked ## build the wheel (fetches the build back-end) and run the demo from it
	@rm -rf build/wheel
	.venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	.venv/bin/python ops/check_wheel.py build/wheel

.PHONY: interop-venv
interop-venv: .venv-interop/.installed ## the virtual environment of foreign clients that the interop tests start

.PHONY: interop-node
interop-node: .venv-interop-node/.installed ## the foreign clients for Node.js that the interop tests start (needs npm)

.PHONY: lock
lock: ## write the three locks anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv, a package manager for Python: pip install uv" >&2; exit 2; }
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group test --constraint requirements.lock -o requirements-test.lock
	$(LOCK) --group interop -o requirements-interop.lock

.PHONY: clean
clean: ## remove everything that these commands made
	rm -rf .venv .venv-run .venv-interop .venv-interop-node build dist .coverage .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +

.venv/.installed: requirements-test.lock
.venv-run/.installed: requirements.lock
.venv-interop/.installed: requirements-interop.lock

.venv-interop-node/.installed: tests/interop/node/package.json tests/interop/node/package-lock.json
	@command -v npm >/dev/null || { echo "make interop-node needs npm, the package manager of Node.js" >&2; exit 2; }
	@rm -rf $(@D) && mkdir $(@D) && cp $^ $(@D)
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

%/.installed:
	@PYTHON="$(PYTHON)" sh ops/make_venv.sh $* $^
	@touch $@

%/.linked: %/.installed pyproject.toml ops/link_source.py
	@$*/bin/python ops/link_source.py
	@touch $@
