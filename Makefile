# Everything a person or CI runs. Each target does its own set-up: see README.md.
PYTHON ?= python3.11
BIN := .venv/bin
COMMA := ,
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup check test demo bench docs clean

setup: .venv/.ready

# The first install fetches the training libraries (6 GB unpacked); later runs return at once.
# GPU=1 puts faiss-gpu in the place of faiss-cpu: they share a folder, see docs/gpu.md.
.venv/.ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "kgrec needs Python 3.11 as $(PYTHON); name yours with make PYTHON=..."; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev$(if $(GPU),$(COMMA)gpu)]'
ifdef GPU
	$(BIN)/pip uninstall --quiet --yes faiss-cpu
	$(BIN)/pip install --quiet --constraint constraints.txt --force-reinstall --no-deps faiss-gpu
endif
	-$(BIN)/kg warm-up  # where the folder for caches cannot be written, all works without, slower
	@touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

test: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

demo: setup
	$(BIN)/kg demo $(ARGS)

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

docs: setup
	$(BIN)/python docs/generate.py

clean:
	rm -rf .kg .cache dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
