# Every target makes its own environment in .venv; a C++17 compiler, make and Python >= 3.11 are all it needs.
#   make demo      the examples: real terrain and a heat equation, with their checks; figures in out/
#   make test      every test this machine can run; the others are skipped and listed
#   make test-all  the same beside every optional library, which it installs in .venv-all
#   make check     while you change something: ruff, mypy and a core of the tests, on the source tree
#   make lint      ruff (rules and format), mypy and clang-format
#   make docs      the pictures of docs/design/journey.md, drawn anew
#   make bench     the tables of docs/guide/speed.md, side by side with the peers
#   make kernels   what the CUDA kernels take, known without a device: registers, instructions, loads, simulated traffic
#   make gpu       tests, sanitizers and benchmark on a CUDA device, in ten minutes:  make gpu CUDA=cuda12
#                  with OFFLINE=1 by the Python that is there, and the wheels of a folder:  make gpu OFFLINE=1 WHEELS=.whl
# With PYTHON=python3.12 an environment that another Python made is made anew.
PYTHON ?= python3
CUDA ?= cuda13
WHEELS ?= .whl
GPU_OUT ?= out/gpu
GPU ?=  # more options of .ci/gpu.py
PEERS ?= findiff py-pde MetPy numba jax torch autograd
TORCH ?= torch==2.13.0  # tests/torch/test_gradient.py runs torch's own tests, which belong to a release
TESTS ?= tests
MEASURED ?=  # options of pytest-cov; delays are never measured beside it
CORE ?= $(addprefix tests/,project/test_architecture.py project/test_docstrings.py project/test_readme.py project/test_guide.py \
	project/test_design.py stencils/test_weights.py terms/test_merged.py terms/test_reads.py plan grid wraps backends/test_arrays.py \
	backends/test_slices.py functions/test_gradient.py functions/test_bad_inputs.py functions/test_nonfinite.py \
	operators/test_operators.py operators/test_objects.py operators/test_identities.py operators/test_algebra.py operators/test_fields.py)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install -q --disable-pip-version-check

# The installed copy is what runs (never the source tree), so it is renewed whenever a source changes.
SOURCES := pyproject.toml README.md LICENSE $(shell find gridgrad kernels -type f -not -name '*.so' -not -path '*__pycache__*')
export GRIDGRAD_REQUIRE_CORE = 1
export PYTHONSAFEPATH = 1

.PHONY: demo test test-all check checked lint docs bench kernels gpu clean
.DELETE_ON_ERROR:

VERSION := -c 'import sys; print(sys.version)'
ifneq ($(origin PYTHON),file)  # it was asked for
ifneq ($(shell $(BIN)/python $(VERSION) 2>&1),$(shell $(PYTHON) $(VERSION) 2>&1))
.PHONY: $(VENV)/made
endif
endif

$(VENV)/made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gridgrad needs Python >= 3.11; make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) "scikit-build-core>=0.11" cmake ninja
	touch $@

$(VENV)/installed: $(VENV)/made $(SOURCES)
	$(PIP) --no-build-isolation ".[examples]"
	touch $@

$(VENV)/tools: $(VENV)/installed pyproject.toml
	$(PIP) --no-build-isolation ".[examples,dev]"
	touch $@

$(VENV)/optional: $(VENV)/made pyproject.toml
	$(PIP) --no-build-isolation ".[examples,dev,test-all]" "$(strip $(TORCH))"
	touch $@

demo: $(VENV)/installed
	PYTHONPATH=examples $(BIN)/python examples/terrain.py
	PYTHONPATH=examples $(BIN)/python examples/heat_stretched.py

# pytest ends with 5 where it finds no test: one of the two runs may have none, but not both.
test: $(VENV)/tools
	$(BIN)/pytest $(TESTS) -n auto --max-worker-restart 0 --dist loadfile -m 'not alone' $(MEASURED); many=$$?; \
	case $$many in 0|5) ;; *) exit $$many;; esac; \
	$(BIN)/pytest $(TESTS) -q -m alone; few=$$?; \
	case $$many$$few in 05|50) ;; *) exit $$few;; esac

test-all:
	$(MAKE) VENV=.venv-all .venv-all/optional
	$(MAKE) VENV=.venv-all test

# The source tree itself is what runs here, so only a change of the kernels or of the list of modules installs anything.
LISTED := $(shell find gridgrad -name '*.py' | sort | cksum | cut -d ' ' -f 1)
$(VENV)/editable-$(LISTED): $(VENV)/made pyproject.toml $(shell find kernels -type f)
	$(PIP) --no-build-isolation --editable ".[examples,dev]"
	touch $@

check:
	@$(MAKE) --no-print-directory VENV=.venv-check checked

checked: $(VENV)/editable-$(LISTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy gridgrad
	$(BIN)/pytest $(CORE) -q -rfE -n 2 --max-worker-restart 0 --dist loadfile

lint: $(VENV)/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy gridgrad
	$(BIN)/clang-format --dry-run --Werror kernels/*.h kernels/*.cu kernels/host/*.h kernels/host/*.cpp kernels/host/*/*.h kernels/host/*/*.cpp

docs: $(VENV)/installed
	PYTHONPATH=tests/support $(BIN)/python docs/journey.py --write

bench: $(VENV)/installed
	-$(PIP) $(PEERS)
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/gradient.py
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/calls.py
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/loops.py
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/operators.py
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/autodiff.py

kernels: $(VENV)/tools
	PYTHONPATH=benchmarks/kernels $(BIN)/python benchmarks/kernels/proof.py

ifdef OFFLINE
gpu:
	$(PYTHON) .ci/gpu.py --out $(GPU_OUT) --wheels $(WHEELS) $(GPU)
else
gpu: $(VENV)/tools
	$(PIP) --no-build-isolation ".[$(CUDA)]"
	$(BIN)/python .ci/gpu.py --out $(GPU_OUT) $(GPU)
endif

clean:
	rm -rf .venv .venv-all .venv-check build out
