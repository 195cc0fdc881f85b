# Every target makes its own environment in .venv; a C++17 compiler, make and Python >= 3.11 are all it needs.
#   make demo    the examples: real terrain and a heat equation, with their checks; figures in out/
#   make test    every test this machine can run; the others are skipped and listed
#   make lint    ruff, mypy and clang-format
#   make bench   the tables of README.md, side by side with the peers
#   make gpu     tests and benchmark on a CUDA device:  make gpu CUDA=cuda12
PYTHON ?= python3
CUDA ?= cuda13
PEERS ?= findiff py-pde MetPy numba jax torch autograd
BIN := .venv/bin
PIP := $(BIN)/pip install -q --disable-pip-version-check

# The installed copy is what runs (never the source tree), so it is renewed whenever a source changes.
SOURCES := pyproject.toml README.md LICENSE $(shell find gridgrad kernels -not -name '*.so' -not -path '*__pycache__*')
export GRIDGRAD_REQUIRE_CORE = 1
export PYTHONSAFEPATH = 1

.PHONY: demo test lint bench gpu clean
.DELETE_ON_ERROR:

.venv/made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gridgrad needs Python >= 3.11; make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(PIP) "scikit-build-core>=0.10" cmake ninja
	touch $@

.venv/installed: .venv/made $(SOURCES)
	$(PIP) --no-build-isolation ".[examples]"
	touch $@

.venv/tools: .venv/installed pyproject.toml
	$(PIP) --no-build-isolation ".[examples,dev]"
	touch $@

demo: .venv/installed
	PYTHONPATH=examples $(BIN)/python examples/terrain.py
	PYTHONPATH=examples $(BIN)/python examples/heat_stretched.py

test: .venv/tools
	PYTHONPATH=tests $(BIN)/pytest tests -n auto --dist loadfile -m 'not alone'
	PYTHONPATH=tests $(BIN)/pytest tests -q -m alone

lint: .venv/tools
	$(BIN)/ruff check .
	$(BIN)/mypy gridgrad
	$(BIN)/clang-format --dry-run --Werror kernels/*.h kernels/*.cpp kernels/*.cu

bench: .venv/installed
	-$(PIP) $(PEERS)
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/gradient.py
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/operators.py
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/autodiff.py

gpu: .venv/tools
	$(PIP) --no-build-isolation ".[$(CUDA)]"
	PYTHONPATH=tests $(BIN)/pytest tests -m gpu
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/gpu.py

clean:
	rm -rf .venv build out
