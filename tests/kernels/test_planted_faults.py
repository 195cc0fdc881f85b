"""Faults planted in the host kernels must be noticed by a compact check of values, bits and sums."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from house import KERNELS

SUPPORT = Path(__file__).parents[1] / "support"
COMPILER = shutil.which("g++") or shutil.which("c++")
pytestmark = pytest.mark.skipif(
    not COMPILER or not (KERNELS / "host/apply.cpp").is_file(), reason="no compiler or kernels"
)

TYPES = {"FLOAT64": "f8", "FLOAT32": "f4", "HALF": "f2", "INT64": "i8", "UINT64": "u8"}
# name: (file, text, what a tired author might have written). Each is an expression, or statements up to a semicolon: all faults are
# compiled at once, and one of them is chosen by its number when the kernels run. None: the honest kernels.
FAULTS = {
    "swapped weights": ("stencil.h", "lower * Difference<Real, Stored>::of(centre, below) +\n         upper * Difference<Real, Stored>::of(above, centre)",
                        "upper * Difference<Real, Stored>::of(centre, below) + lower * Difference<Real, Stored>::of(above, centre)"),
    "swapped sign of a pair": ("stencil.h", "return weight * Difference<Real, Stored>::of(b, a);",
                               "return weight * Difference<Real, Stored>::of(a, b);"),
    "split form where the weights are equal": ("stencil.h", "lower == upper ? wide : split", "split"),
    "wide form everywhere": ("stencil.h", "lower == upper ? wide : split", "wide"),
    "int64 differences wrap": ("stencil.h", "return b >= a ? static_cast<Real>(forward) : -static_cast<Real>(0 - forward);",
                               "return static_cast<Real>(static_cast<int64>(forward));"),
    "int64 differences of doubles": ("stencil.h", "return b >= a ? static_cast<Real>(forward) : -static_cast<Real>(0 - forward);",
                                     "return b < 0 ? load<Real>(b) - load<Real>(a) : b >= a ? static_cast<Real>(forward) : -static_cast<Real>(0 - forward);"),
    "uint64 differences wrap": ("stencil.h", "return b >= a ? static_cast<Real>(b - a) : -static_cast<Real>(a - b);",
                                "return static_cast<Real>(b - a);"),
    "half truncates": ("half.h", "magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)", "magnitude - 0x38000000u"),
    "half loses its sign": ("half.h", "rounded | (sign >> 16)", "rounded"),
    "one edge pair dropped across rows": ("host/rows.h", "row.count = stencil.start[edge + 1] - stencil.start[edge];",
                                          "row.count = stencil.start[edge + 1] - stencil.start[edge] - 1;"),
    "one edge pair dropped in the row": ("host/edges.h", "stencil.pair + stencil.start[edge + 1]", "stencil.pair + stencil.start[edge + 1] - 1"),
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
    "values as differences across rows": ("host/terms.h", "stencil.values || pairs.is_value(k)", "stencil.values"),
    "values as differences of a second stencil": ("host/terms.h", "then.values || pairs.is_value(k)", "then.values"),
    "a value taken for one pair": ("host/position.h", "if (pairs.is_value(k)) return SUM;", ""),
    "a side of the first row for all": ("host/terms.h", "f += further", "f"),
    "samples of another element": ("host/terms.h", "own + (pair.b - point) * here.step(t)", "own"),
    "terms at ends before their segment": ("host/terms.h", "sample->j >= begin && sample->j < end", "sample->j < end"),
    "terms at ends of runs forgotten": ("host/apply.cpp", "terms_.add_ends(ends_[t], next_[t], rows, begin, end, output_row(t) + begin, 1, ahead);", ""),
    "ends of the first row for all in streams": ("host/loops/loop.h", "run.end_target + row * run.end_ahead", "run.end_target"),
    "component forgotten in edges": ("host/edges.h", "f += j * here.plan.array[term.input].stride[ROW] - point * shift;", ""),
    "row stride forgotten": ("host/position.h", "return plane_[k] + at_ * plan.array[k].stride[MIDDLE];", "return plane_[k] + at_ * plan.array[0].stride[MIDDLE];"),
    "rows taken for alike": ("host/position.h", "pairs.uniform ? smaller(end, stencil.length - stencil.trailing) : at_ + 1", "end"),
    "gaps between rows forgotten": ("host/position.h", "plan.array[k].stride[MIDDLE] != plan.length[ROW] * plan.array[k].stride[ROW]", "plan.array[k].stride[MIDDLE] == 0"),
    "the row's axis runs on": ("host/terms.h", "end > here.plan.length[ROW] && here.stencil(t).dim == ROW", "false"),
    "terms assign instead of add": ("host/sum.h", "return part.join == TOTAL ? sum + value : joined_apart(part, sum, value);",
                                    "return part.join == TOTAL ? value : joined_apart(part, sum, value);"),
    "both ends of a face are one": ("host/sum.h", "B::read(part.k_b + j)", "B::read(part.k_a + j)"),
    "no factor at the point": ("host/sum.h", "value = part.outer_gated ? B::select(outer, value * outer) : value * outer;", ""),
    "no factor of samples": ("host/sum.h", "if (part.inner) scaled = scaled * B::read(part.inner + j);", ""),
    "a factor of samples in place of that of faces": ("host/sum.h", "scaled * B::read(part.inner + j)", "weight * B::read(part.inner + j)"),
    "no factor of samples at ends": ("host/edges.h", "scaled = scaled * factor;", ""),
    "a factor of faces at the wrong end": ("host/edges.h", "k[pair.a]", "k[pair.b]"),
    "a factor beside its sample": ("host/position.h", "return row(k) + lean_ * plan.array[k].stride[dim_];", "return row(k) + (k ? 0 : lean_ * plan.array[k].stride[dim_]);"),
    "weights of 0 are read": ("host/sum.h", "return part.selects ? B::select(weight, value) : value;", "return value;"),
    "differences of weight 0 are read": ("host/rows.h", "return stencil.values || (stencil.selects && !row.data);", "return stencil.values;"),
    "what an output holds is forgotten": ("host/terms.h", "if (!here.plan.term[t].assign) add_held(here.plan.inputs + output, begin, end);", ""),
    "what an output holds is read where it is written": ("host/terms.h", "part.b = tiles_.copy(held + begin * stride_of(k), stride_of(k), end - begin);", "part.b = held + begin * stride_of(k);"),
    "second stencil reversed": ("host/terms.h", "here.lean(then, pairs.b(k));", "here.lean(then, pairs.a(k));"),
    "a norm of the last term": ("host/sum.h", "sums[j] = joined<As>(part.join, sums[j], values[j]);", "sums[j] = values[j];"),
    "a face of one end in a loop": ("host/loops/taps.h", "(as.read(face_below_ + j) + face) * half", "(face + face) * half"),
    "no field in a loop": ("host/loops/taps.h", "return value * as.read(outer_ + j);", "return value;"),
    "a loop adds nothing": ("host/loops/loop.h", "held = joined<As>(JOIN, as.read(target), first);", "held = begun<As>(JOIN, first);"),
    "the last word forgotten": ("host/loops/loop.h", "row.put(As(), last);", ""),
    "ends of one row for several": ("host/loops/words.h", "to[k * ahead] = value[k];", "to[k * ahead] = value[0];"),
    "the last word forgotten in streams": ("host/loops/loop.h", "if (j < run.count) set_word(stream.room() + (last - j), row.at(As(), last));", ""),
    "ends of rows left over forgotten": ("host/loops/loop.h", "if (r + rows > end) rows = 1;", "if (r + rows > end) break;"),
    "weights of one row at ends of several": ("host/loops/words.h", "weight_ahead ? gathered(weight, weight_ahead) : Vectors::all(number)", "Vectors::all(number)"),
    "weights of the first row for all": ("host/loops/runs.h", "line.weight_ahead = stencil.dim == MIDDLE && stencil.weights && !pairs.data;", "line.weight_ahead = 0;"),
    "weights of the first element of the row": ("host/loops/runs.h", "pairs.weights + k * here_.plan.length[ROW] + first", "pairs.weights + k * here_.plan.length[ROW]"),
    "short rows with weights of their own done as one": ("host/loops/runs.h", "if (stencil.weights && (stencil.dim == ROW || stencil.dim == MIDDLE)) return false;", ""),
    "short rows apart done as one": ("host/loops/runs.h", "if (k >= 0 && here_.plan.array[k].stride[MIDDLE] != length) return false;", ""),
    "the row's ends without its elements": ("host/loops/runs.h", "own + b * stencil.inner", "own + b"),
    "equal weights in a run of others": ("host/position.h", "while (i < end && (weights[i] == weights[stencil.length + i]) == (pairs.count == 1)) ++i;", "i = end;"),
    "several fields taken for one": ("host/loops/runs.h", "are_around_one(t, next) && are_beside_one(t, next)", "are_beside_one(t, next)"),
    "neighbours of another axis": ("host/loops/runs.h", "if (own != other && !are_same_neighbours(own, other)) return false;", ""),
    "the side that the flow goes to": ("host/loops/taps.h", "return (field <= 0 ? Word{} : below) + (field >= 0 ? Word{} : above);", "return (field >= 0 ? Word{} : below) + (field <= 0 ? Word{} : above);"),
    "no flow reads a side": ("host/loops/taps.h", "return (field <= 0 ? Word{} : below) + (field >= 0 ? Word{} : above);", "return (field < 0 ? Word{} : below) + (field > 0 ? Word{} : above);"),
    "one side at ends": ("host/loops/runs.h", "if (are_two) list_point(t + 1, j, end.j, links);", ""),
    "a factor beside its value in a loop": ("host/loops/runs.h", "line.inner_at[k] = line.inner + point * here_.step(stencil, term.inner);", "line.inner_at[k] = line.inner;"),
    "values of weight 0 are read in a loop": ("host/loops/taps.h", "return own == 0 ? Word{} : product;", "return product;"),
    "one weight for all differences of a row": ("host/loops/kind_here.h", "is_difference(stencil) ? GRADED_PAIR : NO_KIND", "is_difference(stencil) ? PAIR : NO_KIND"),
    "no factor at ends of a loop": ("host/loops/taps.h", "scaled = scaled * as.read(factor + link.inner);", ""),
    "weights of the first pair": ("host/terms.h", "pairs.weights + k * here.plan.length[ROW] + begin", "pairs.weights + begin"),
    "out stride forgotten": ("host/apply.cpp", "out[j * stride]", "out[j]"),
    "last pieces of a split missing": ("host/core.cpp", "begin + share * piece + (piece < rest ? piece : rest)", "begin + share * piece"),
    "collected words not stored": ("host/stream.h", "GG_STREAM(end_ - LANES, word());", ""),
    "values as differences at points": ("host/gaps/points.cpp", "is_value ? read : read - row.f[from]", "read - row.f[from]"),
    "a face of one end at points": ("host/gaps/points.cpp", "face_mean<Real>(row.faces[below], row.faces[above], row.harmonic)",
                                    "face_mean<Real>(row.faces[above], row.faces[above], row.harmonic)"),
    "a closed face beside a gap lets past": ("host/gaps/points.cpp", "if (Is::has_faces && row.harmonic) value = unless_zero(weight, value);", ""),
    "weights of the first point of a group": ("host/gaps/points.cpp", "Is::varies ? row.weight[own] : same[n]", "row.weight[Is::varies ? own - i : n]"),
    "a long row begins anew": ("host/gaps/points.cpp", "FIRST ? Real(0) : sum[i]", "Real(0)"),
    "a strided factor at points of a contiguous one": ("host/gaps/points.cpp", "(rows.at_outer ? rows.at_outer : points) + begin", "points + begin"),
    "both sides of a flow beside gaps": ("host/gaps/points.cpp", "unless_other(static_cast<int>(rows.outer_sign), factor, sum[i] * factor)", "sum[i] * factor"),
    "squares without that of the first": ("host/gaps/points.cpp", "begun<AsNumbers<Real>>(join, sum[i])", "sum[i]"),
    "a norm is a sum beside gaps": ("host/gaps/points.cpp", "joined<AsNumbers<Real>>(join, sum[i], row[i])", "sum[i] + row[i]"),
    "rows of the first band": ("host/gaps/bands.cpp", "table + number * patch->terms + output.term", "table + output.term"),
    "gaps of the first band": ("host/gaps/bands.cpp", "output.gaps + 2 * from.gap", "output.gaps"),
    "what is prescribed is read where it is written": ("host/gaps/bands.cpp", "out < field + reach.end && field + reach.begin < out + patch->bytes", "false"),
    "flush forgotten": ("host/stream.h", "for (int64 k = skipped_; k < waiting_; ++k) end_[k - waiting_] = word()[k];", ""),
}  # fmt: skip


def planted(text, right, wrongs):
    """The text with every fault of one place in it, chosen by its number; an expression or whole statements."""
    if right.endswith(";"):
        chosen = "".join(f"if (gg_fault == {number}) {{ {wrong} }} else " for number, wrong in wrongs)
        return text.replace(right, f"{{ {chosen}{{ {right} }} }}")
    chosen = "".join(f"gg_fault == {number} ? ({wrong}) : " for number, wrong in wrongs)
    return text.replace(right, f"({chosen}({right}))")


def plant(folder):
    """Writes the kernels with all faults into a folder: the k-th of them is there where gg_fault is k."""
    shutil.copytree(KERNELS, folder, dirs_exist_ok=True)
    stale = [name for name, (file, right, _) in FAULTS.items() if right not in (KERNELS / file).read_text()]
    assert not stale, f"{stale} no longer fit the kernels: plant them anew"
    places = {}
    for number, (file, right, wrong) in enumerate(FAULTS.values(), 1):
        places.setdefault((file, right), []).append((number, wrong))
    outermost_first = sorted(places, key=lambda place: -len(place[1]))
    for file, right in outermost_first:
        path = folder / file
        path.write_text(planted(path.read_text(), right, places[file, right]))
    (folder / "fault.h").write_text('extern "C" { inline int gg_fault = 0; }\n')


def build(folder):
    """The core with all faults, compiled for one CPU level and a few types; the path of the library."""
    plant(folder)
    loops = folder / "host/apply.cpp"
    kept = "|".join(TYPES)
    loops.write_text(re.sub(rf"case (?!({kept}):)[A-Z0-9]+:\s+return [^;]+;", "", loops.read_text()))
    library = folder / "core.so"
    command = [COMPILER, "-std=c++17", "-O0", "-ffp-contract=off", "-fPIC", "-shared", "-pthread", "-w", "-DGG_SWEEP=sweep", "-DGG_SWEEPS=sweep",
               "-include", folder / "fault.h", *sorted(folder.glob("host/**/*.cpp")), "-o", library]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"a fault does not compile:\n{done.stderr}"
    return library


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the check says of the honest kernels and of each fault."""
    library = build(tmp_path_factory.mktemp("faults"))
    path = os.pathsep.join([str(SUPPORT), *sys.path])
    command = [sys.executable, SUPPORT / "planted_check.py", "--faults", str(len(FAULTS)), *TYPES.values()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900,
                          env={**os.environ, "PYTHONPATH": path, "GRIDGRAD_CORE": str(library)})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(zip(["honest", *FAULTS], done.stdout.splitlines(), strict=True))


def test_the_honest_kernels_pass(said):
    assert said["honest"] == "ok"


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_noticed(name, said):
    assert said[name] != "ok", "nobody noticed"
