"""Faults planted in the host kernels must be noticed by a compact check of values, bits and sums."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from house import KERNELS

SUPPORT = Path(__file__).parents[1] / "support"
COMPILER = shutil.which("g++") or shutil.which("c++")
pytestmark = pytest.mark.skipif(
    not COMPILER or not (KERNELS / "host/apply.cpp").is_file(), reason="no compiler or kernels"
)

TYPES = {"FLOAT64": "f8", "FLOAT32": "f4", "HALF": "f2", "INT64": "i8", "UINT64": "u8"}
# name: (file, text, what a tired author might have written)
FAULTS = {
    "swapped weights": ("stencil.h", "return lower * Difference<Real, Stored>::of(centre, below) +\n         upper *",
                        "return upper * Difference<Real, Stored>::of(centre, below) +\n         lower *"),
    "swapped sign of a pair": ("stencil.h", "return weight * Difference<Real, Stored>::of(b, a);",
                               "return weight * Difference<Real, Stored>::of(a, b);"),
    "split form where the weights are equal": ("stencil.h", "lower == upper ? wide : split", "lower == upper ? split : split"),
    "wide form everywhere": ("stencil.h", "lower == upper ? wide : split", "wide"),
    "int64 differences wrap": ("stencil.h", "return b >= a ? static_cast<Real>(forward) : -static_cast<Real>(0 - forward);",
                               "return static_cast<Real>(static_cast<int64>(forward));"),
    "int64 differences of doubles": ("stencil.h", "return b >= a ? static_cast<Real>(forward)",
                                     "return b < 0 ? load<Real>(b) - load<Real>(a) : b >= a ? static_cast<Real>(forward)"),
    "uint64 differences wrap": ("stencil.h", "static_cast<Real>(b - a) : -static_cast<Real>(a - b)",
                                "static_cast<Real>(b - a) : static_cast<Real>(b - a)"),
    "half truncates": ("half.h", "magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)", "magnitude - 0x38000000u"),
    "half loses its sign": ("half.h", "rounded | (sign >> 16)", "rounded"),
    "one edge pair dropped across rows": ("host/rows.h", "row.count = stencil.start[edge + 1] - stencil.start[edge];",
                                          "row.count = stencil.start[edge + 1] - stencil.start[edge] - 1;"),
    "one edge pair dropped in the row": ("host/edges.h", "stencil.pair + stencil.start[edge + 1];", "stencil.pair + stencil.start[edge + 1] - 1;"),
    "leading row used at both ends": ("host/rows.h", "return i < trailing ? -1 : stencil.leading + i - trailing;", "return i < trailing ? -1 : 0;"),
    "no trailing edge in the row": ("host/position.h", "last = larger(smaller(last, (own.length - own.trailing) * own.inner), first);",
                                    "last = larger(smaller(last, own.length * own.inner), first);"),
    "leading edge one too short": ("host/position.h", "first = smaller(larger(first, own.leading * own.inner), last);",
                                   "first = smaller(larger(first, (own.leading - 1) * own.inner), last);"),
    "neighbour of the wrong distance": ("host/rows.h", "row.inner[0].b = one ? 1 : 0;", "row.inner[0].b = 0;"),
    "weights of the next point": ("host/rows.h", "weights[k * stencil.length + i]", "weights[k * stencil.length + i - 1]"),
    "shift without components": ("host/position.h", "return stencil.inner * plan.array[k].stride[stencil.dim];", "return plan.array[k].stride[stencil.dim];"),
    "shift without stride": ("host/position.h", "return stencil.inner * plan.array[k].stride[stencil.dim];", "return stencil.inner;"),
    "values as differences at ends of the row": ("host/edges.h", "return pair.a == pair.b ? Stored{} : f[pair.a * shift];", "return f[pair.a * shift];"),
    "values as differences across rows": ("host/terms.h", "if (stencil.values || pairs.is_value(k))\n", "if (stencil.values)\n"),
    "values as differences of a second stencil": ("host/terms.h", "if (then.values || pairs.is_value(k)) continue;", "if (then.values) continue;"),
    "a value taken for one pair": ("host/position.h", "if (pairs.is_value(k)) return SUM;", "if (false) return SUM;"),
    "a side of the first row for all": ("host/terms.h", "row += length, f += ahead", "row += length"),
    "samples of another element": ("host/terms.h", "own + (pair.b - point) * here.step(t)", "own"),
    "terms at ends before their segment": ("host/terms.h", "if (sample->j >= begin && row", "if (row"),
    "terms at ends forgotten in streams": ("host/apply.cpp", "terms_.add_ends(ends_[t], next_[t], j, j + 1, &value, 1);", ""),
    "component forgotten in edges": ("host/edges.h", "f += j * here.plan.array[term.input].stride[ROW] - point * shift;", ""),
    "row stride forgotten": ("host/position.h", "return plane_[k] + at_ * plan.array[k].stride[MIDDLE];", "return plane_[k] + at_ * plan.array[0].stride[MIDDLE];"),
    "rows taken for alike": ("host/position.h", "pairs.uniform ? smaller(end, stencil.length - stencil.trailing) : at_ + 1", "end"),
    "gaps between rows forgotten": ("host/position.h", "!= plan.length[ROW] * plan.array[k].stride[ROW])\n", "== 0)\n"),
    "the row's axis runs on": ("host/terms.h", "end > here.plan.length[ROW] && here.stencil(t).dim == ROW", "false"),
    "terms assign instead of add": ("host/sum.h", "return part.join == ADD ? sum + value :", "return part.join == ADD ? value :"),
    "both ends of a face are one": ("host/sum.h", "k_b = B::read(part.k_b + j)", "k_b = B::read(part.k_a + j)"),
    "no factor at the point": ("host/sum.h", "if (part.outer) {", "if (false) {"),
    "no factor of samples": ("host/sum.h", "if (part.inner) scaled =", "if (false) scaled ="),
    "a factor of samples in place of that of faces": ("host/sum.h", "scaled = scaled * B::read(part.inner + j)", "scaled = weight * B::read(part.inner + j)"),
    "no factor of samples at ends": ("host/edges.h", "scaled = scaled * factor;", ";"),
    "a factor of faces at the wrong end": ("host/edges.h", "face_mean<Real>(k[pair.a], k[pair.b],", "face_mean<Real>(k[pair.b], k[pair.b],"),
    "a factor beside its sample": ("host/position.h", "return row(k) + lean_ * plan.array[k].stride[dim_];", "return row(k) + (k ? 0 : lean_ * plan.array[k].stride[dim_]);"),
    "weights of 0 are read": ("host/sum.h", "return part.selects ? B::select(weight, value) : value;", "return value;"),
    "differences of weight 0 are read": ("host/rows.h", "return stencil.values || (stencil.selects && !row.data);", "return stencil.values;"),
    "what an output holds is forgotten": ("host/terms.h", "if (!here.plan.term[t].assign) add_held", "if (false) add_held"),
    "what an output holds is read where it is written": ("host/terms.h", "part.b = tiles_.copy(held + begin * stride_of(k), stride_of(k), end - begin);", "part.b = held + begin * stride_of(k);"),
    "second stencil reversed": ("host/terms.h", "here.lean(then, pairs.b(k));", "here.lean(then, pairs.a(k));"),
    "a norm of the last term": ("host/sum.h", "sums[j] = joined<As>(part.join, sums[j], values[j]);", "sums[j] = values[j];"),
    "a face of one end in a loop": ("host/loops/taps.h", "(read<As>(face_below_, j) + face) * half", "(face + face) * half"),
    "no field in a loop": ("host/loops/taps.h", "return value * read<As>(outer_, j);", "return value;"),
    "a loop adds nothing": ("host/loops/loop.h", "held = joined<As>(JOIN, word_at<Word>(target), first);", "held = begun<As>(JOIN, first);"),
    "the last word forgotten": ("host/loops/loop.h", "row.template put<As>(last);", ""),
    "weights of the first row for all": ("host/loops/runs.h", "line.weight_ahead = stencil.dim == MIDDLE && stencil.weights && !pairs.data;\n", "line.weight_ahead = 0;\n"),
    "weights of the first element of the row": ("host/loops/runs.h", "pairs.weights + k * here_.plan.length[ROW] + first", "pairs.weights + k * here_.plan.length[ROW]"),
    "short rows with weights of their own done as one": ("host/loops/runs.h", "if (stencil.weights && (stencil.dim == ROW || stencil.dim == MIDDLE)) return 1;", ""),
    "short rows apart done as one": ("host/loops/runs.h", "if (k >= 0 && here_.plan.array[k].stride[MIDDLE] != length) return 1;", "(void)k;"),
    "the row's ends without its elements": ("host/loops/runs.h", "own + b * stencil.inner;", "own + b;"),
    "equal weights in a run of others": ("host/position.h", "while (i < end && (weights[i] == weights[stencil.length + i]) == (pairs.count == 1)) ++i;", "i = end;"),
    "several fields taken for one": ("host/loops/runs.h", "here_.plan.term[t].assign && are_around_one(t, next)", "here_.plan.term[t].assign"),
    "the side that the flow goes to": ("host/loops/taps.h", "return is_up ? below : above;", "return is_up ? above : below;"),
    "no flow reads a side": ("host/loops/taps.h", "return field == 0 ? Word{} : product;", "return product;"),
    "one side at ends": ("host/loops/runs.h", "if (are_two) list_point(t + 1, j, end.j);", ""),
    "a factor beside its value in a loop": ("host/loops/runs.h", "line.inner_at[k] = line.inner + point *", "line.inner_at[k] = line.inner + 0 *"),
    "values of weight 0 are read in a loop": ("host/loops/taps.h", "return own == 0 ? Word{} : product;", "return product;"),
    "no factor at ends of a loop": ("host/loops/taps.h", "scaled = scaled * inner_[link.inner];", ";"),
    "weights of the first pair": ("host/terms.h", "pairs.weights + k * here.plan.length[ROW] + begin", "pairs.weights + begin"),
    "out stride forgotten": ("host/apply.cpp", "out[j * stride] = Rounding", "out[j] = Rounding"),
    "last pieces of a split missing": ("host/core.cpp", "begin + share * piece + (piece < rest ? piece : rest)", "begin + share * piece"),
    "collected words not stored": ("host/stream.h", "GG_STREAM(end_ - LANES, word_);", ""),
    "flush forgotten": ("host/stream.h", "for (int64 k = 0; k < waiting_; ++k) *(end_ - waiting_ + k) = word_[k];", ""),
}  # fmt: skip


def types_of(name):
    """float64 shows most faults; the honest kernels are checked in every type with code of its own."""
    if name == "honest":
        return TYPES
    return {case: dtype for case, dtype in TYPES.items() if case == "FLOAT64" or case.lower() in name.split()}


def build(folder, name, fault=None):
    """The core with one fault, compiled for one CPU level and few types; the path of the library."""
    place = folder / name.replace(" ", "_")
    shutil.copytree(KERNELS, place)
    loops = place / "host/apply.cpp"
    kept = "|".join(types_of(name))
    loops.write_text(re.sub(rf"case (?!({kept}):)[A-Z0-9]+:\s+return [^;]+;", "", loops.read_text()))
    if fault:
        file, right, wrong = fault
        text = (place / file).read_text()
        assert right in text, f"{name!r} no longer fits {file}: plant it anew"
        (place / file).write_text(text.replace(right, wrong))
    library = place / "core.so"
    command = [COMPILER, "-std=c++17", "-O0", "-ffp-contract=off", "-fPIC", "-shared", "-pthread", "-w", "-DGG_SWEEP=sweep",
               "-DGG_SWEEPS=sweep", str(place / "host/apply.cpp"), str(place / "host/core.cpp"), str(place / "host/points.cpp"), "-o", str(library)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name!r} does not compile:\n{done.stderr}"
    return library


def verdict(library, name):
    """Exit status and words of the check; a crash counts as noticed, too."""
    path = os.pathsep.join([str(SUPPORT), *sys.path])
    done = subprocess.run([sys.executable, SUPPORT / "planted_check.py", *types_of(name).values()], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": path, "GRIDGRAD_CORE": str(library)}, timeout=300)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Every mutant and the honest kernels, built and checked two at a time."""
    folder = tmp_path_factory.mktemp("mutants")

    def judge(name):
        try:
            return name, verdict(build(folder, name, FAULTS.get(name)), name)
        except AssertionError as error:
            return name, error

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(judge, ["honest", *FAULTS]))


def test_the_honest_kernels_pass(verdicts):
    assert verdicts["honest"] == (0, "ok\n")


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_noticed(name, verdicts):
    if isinstance(verdicts[name], AssertionError):
        raise verdicts[name]
    status, said = verdicts[name]
    assert status != 0, f"{name}: nobody noticed"
    assert "Import" not in said, said
