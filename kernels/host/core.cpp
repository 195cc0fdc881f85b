// The C ABI: checks the descriptor again, picks the CPU level, splits the work over threads.
#include <algorithm>
#include <atomic>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "sweep.h"

namespace gridgrad {

extern "C" Sweep GG_SWEEPS;  // the CPU levels that were compiled, lowest first

namespace {

constexpr int NUMPY_WRITEABLE = 0x0400;  // NPY_ARRAY_WRITEABLE

const char* const MESSAGES[] = {
    "ok",
    "the descriptor was packed for another ABI version",
    "the descriptor's counts are outside its tables",
    "a term names an array or stencil that is not there",
    "a stencil does not fit its dim",
    "a data pointer is null",
    "a data pointer is not aligned to its element",
    "an output may overlap another array",
    "there is no memory for the rows of a sum",
    "an output must not be written",
};

Sweep* const SWEEPS[] = {GG_SWEEPS};
const int LEVELS = sizeof SWEEPS / sizeof SWEEPS[0];

int detect_level() {
  const int level = GG_CPU_LEVEL();
  return level < LEVELS ? level : LEVELS - 1;
}

// Whole planes are swept faster than blocks of them, as long as three stay in the caches: an eighth of this
// core's share of the last one, within bounds.
int64 detect_block_bytes() {
  const int64 cores = std::max(1u, std::thread::hardware_concurrency());
  return std::clamp<int64>(GG_LAST_CACHE() / cores / 8, 128 << 10, 1 << 20);
}

std::atomic<int> level{detect_level()};
std::atomic<int64> block_bytes{detect_block_bytes()};
std::atomic<int64> stream_bytes{16 << 20};  // outputs beyond this leave the caches anyway
std::atomic<int64> sweeps{0};               // since the library was loaded

int64 element_bytes(int storage) {
  const int64 bytes[] = {2, 2, 4, 8, 1, 1, 2, 2, 4, 4, 8, 8};
  return bytes[storage];
}

bool within(int value, int low, int high) { return value >= low && value <= high; }

// The rows that are data: their pairs in order and at points of the axis.
Status check_edges(const Stencil& stencil, int surplus) {
  const int64 length = stencil.length, rows = static_cast<int64>(stencil.leading) + stencil.trailing,
              columns = length + surplus;
  if (stencil.leading < 0 || stencil.trailing < 0 || rows > length) return BAD_STENCIL;
  if (!stencil.start || stencil.start[0] != 0) return BAD_STENCIL;
  for (int64 r = 0; r < rows; ++r)
    if (stencil.start[r] > stencil.start[r + 1]) return BAD_STENCIL;
  if (stencil.start[rows] > 0 && !stencil.pair) return BAD_STENCIL;
  for (int64 k = 0; k < stencil.start[rows]; ++k) {
    const Pair& pair = stencil.pair[k];
    if (pair.a < 0 || pair.b < 0 || pair.a >= columns || pair.b >= columns) return BAD_STENCIL;
  }
  return OK;
}

Status check_stencil(const Descriptor& plan, const Stencil& stencil, int surplus) {
  if (!within(stencil.dim, 0, ROW) || stencil.inner < 1 || stencil.length < 1) return BAD_STENCIL;
  if (stencil.dim != ROW && stencil.inner != 1) return BAD_STENCIL;
  if (stencil.length * stencil.inner != plan.length[stencil.dim]) return BAD_STENCIL;
  if (!within(stencil.pairs, 0, MAX_PAIRS)) return BAD_STENCIL;
  if (const Status status = check_edges(stencil, surplus)) return status;
  const bool interior = stencil.leading + stencil.trailing < stencil.length;
  for (int k = 0; interior && k < stencil.pairs; ++k)
    for (const int point : {stencil.a[k], stencil.b[k]})
      if (!within(point, -stencil.leading, stencil.trailing + surplus)) return BAD_STENCIL;
  return OK;
}

Status check_term(const Descriptor& plan, const Term& term) {
  if (!within(term.output, 0, plan.outputs - 1) || !within(term.input, 0, plan.inputs - 1)) return BAD_TERM;
  if (!within(term.stencil, 0, plan.stencils - 1) || !within(term.then, -1, plan.stencils - 1))
    return BAD_TERM;
  for (const int factor : {term.inner, term.faces, term.outer})
    if (!within(factor, -1, plan.inputs - 1)) return BAD_TERM;
  if (!within(term.ends, 0, 1) || (term.ends && term.assign)) return BAD_TERM;
  if (!within(term.inner_sign, -1, 1) || (term.inner_sign && term.inner < 0)) return BAD_TERM;
  if (!within(term.outer_sign, -1, 1) || (term.outer_sign && term.outer < 0)) return BAD_TERM;
  if (!within(term.flags, 0, FLAGS - 1)) return BAD_TERM;
  const Stencil& stencil = plan.stencil[term.stencil];
  if (term.inner >= 0 && !stencil.values) return BAD_TERM;
  if (term.then < 0) return OK;
  const int dim = plan.stencil[term.then].dim;
  return term.faces < 0 && dim != ROW && dim != stencil.dim ? OK : BAD_TERM;
}

Status check(const Descriptor& plan) {
  if (plan.abi != ABI_VERSION) return BAD_ABI;
  if (!within(plan.storage, HALF, UINT64) || (plan.real_bytes != 4 && plan.real_bytes != 8))
    return BAD_COUNTS;
  if (plan.inputs < 1 || plan.outputs < 1 || plan.inputs + plan.outputs > MAX_ARRAYS) return BAD_COUNTS;
  if (!within(plan.terms, 1, MAX_TERMS) || !within(plan.stencils, 1, MAX_STENCILS)) return BAD_COUNTS;
  for (const int64 length : plan.length)
    if (length < 0) return BAD_COUNTS;
  for (int t = 0; t < plan.terms; ++t) {
    if (const Status status = check_term(plan, plan.term[t])) return status;
    const bool first = t == 0 || plan.term[t].output != plan.term[t - 1].output;
    if (first && !plan.term[t].assign && plan.output_bytes != plan.real_bytes) return BAD_TERM;
    if (!first && plan.term[t - 1].ends && !plan.term[t].ends) return BAD_TERM;
  }
  for (int s = 0; s < plan.stencils; ++s)
    if (const Status status = check_stencil(plan, plan.stencil[s], plan.surplus[s])) return status;
  return OK;
}

Status check_pointers(const Descriptor& plan, void* const* pointers) {
  for (int k = 0; k < plan.inputs + plan.outputs; ++k) {
    const int64 bytes = k < plan.inputs ? element_bytes(plan.storage) : plan.output_bytes;
    if (!pointers[k]) return NULL_POINTER;
    if (reinterpret_cast<std::uintptr_t>(pointers[k]) % static_cast<std::uintptr_t>(bytes)) return UNALIGNED;
  }
  return OK;
}

struct Extent {
  std::intptr_t begin, end;
};

// The addresses from an array's first byte to its last, of these lengths.
Extent extent_of(const Descriptor& plan, void* const* pointers, int k, const int64* length) {
  const int64 bytes = k < plan.inputs ? element_bytes(plan.storage) : plan.output_bytes;
  const std::intptr_t first = reinterpret_cast<std::intptr_t>(pointers[k]);
  Extent extent{first, first + bytes};
  for (int dim = 0; dim < MAX_DIMS; ++dim) {
    const int64 reach = (length[dim] - 1) * plan.array[k].stride[dim] * bytes;
    (reach < 0 ? extent.begin : extent.end) += reach;
  }
  return extent;
}

// Whether two arrays lie between each other, as the real and the imaginary parts of complex numbers do: all
// steps are even, and the arrays an odd number of elements apart, so that none meets another.
bool are_between(const Descriptor& plan, void* const* pointers, int k, int other) {
  const int64 bytes = plan.output_bytes;
  if (other < plan.inputs && element_bytes(plan.storage) != bytes) return false;
  for (int dim = 0; dim < MAX_DIMS; ++dim)
    if ((plan.array[k].stride[dim] | plan.array[other].stride[dim]) & 1) return false;
  const int64 apart = static_cast<char*>(pointers[k]) - static_cast<char*>(pointers[other]);
  return apart % bytes == 0 && (apart / bytes & 1);
}

// The length of each array along each dim: an axis that a term reads may have more points than rows, or
// fewer.
void set_lengths(const Descriptor& plan, int64 (&length)[MAX_ARRAYS][MAX_DIMS]) {
  for (int k = 0; k < plan.inputs + plan.outputs; ++k)
    std::memcpy(length[k], plan.length, sizeof plan.length);
  const auto read = [&](int k, int s) {
    const Stencil& stencil = plan.stencil[s];
    if (k >= 0) length[k][stencil.dim] = (stencil.length + plan.surplus[s]) * stencil.inner;
  };
  for (const Term* term = plan.term; term != plan.term + plan.terms; ++term)
    for (const int s : {int(term->stencil), int(term->then)})
      if (s >= 0 && plan.surplus[s])
        for (const int k : {int(term->input), int(term->inner), int(term->faces)}) read(k, s);
}

// Whether an output's extent meets that of an array before it.
bool may_overlap(const Descriptor& plan, void* const* pointers) {
  Extent extents[MAX_ARRAYS];
  int64 length[MAX_ARRAYS][MAX_DIMS];
  set_lengths(plan, length);
  for (int k = 0; k < plan.inputs + plan.outputs; ++k) {
    extents[k] = extent_of(plan, pointers, k, length[k]);
    for (int other = 0; k >= plan.inputs && other < k; ++other)
      if (extents[k].begin < extents[other].end && extents[other].begin < extents[k].end &&
          !are_between(plan, pointers, k, other))
        return true;
  }
  return false;
}

// The dim to cut into pieces: the slowest that gives every piece a share, else the longest.
int split_dim(const Box& box, int64 pieces) {
  int best = 0;
  for (int dim = 0; dim < MAX_DIMS; ++dim) {
    const int64 length = box.end[dim] - box.begin[dim];
    if (length >= 4 * pieces) return dim;
    if (length > box.end[best] - box.begin[best]) best = dim;
  }
  return best;
}

Box piece_of(const Box& box, int dim, int64 piece, int64 pieces) {
  Box part = box;
  const int64 begin = box.begin[dim], length = box.end[dim] - begin;
  const int64 share = length / pieces, rest = length % pieces;  // no product that could overflow
  part.begin[dim] = begin + share * piece + (piece < rest ? piece : rest);
  part.end[dim] = part.begin[dim] + share + (piece < rest ? 1 : 0);
  return part;
}

// One sweep; nothing is thrown, out of a thread or into C.
Status run(Sweep* sweep, const Descriptor& plan, void* const* pointers, const Box& box,
           const Caches& caches) noexcept {
  try {
    sweep(plan, pointers, box, caches);
    return OK;
  } catch (const std::bad_alloc&) {
    return NO_MEMORY;
  }
}

// Short-lived threads: nothing to hang in a forked child. A thread that cannot start is run here.
Status run_in_threads(Sweep* sweep, const Descriptor& plan, void* const* pointers, const Box& box,
                      const Caches& caches, int workers) {
  const int dim = split_dim(box, workers);
  std::vector<std::thread> threads;
  std::atomic<int> worst{OK};
  const auto take = [&](int piece) {
    if (const Status status = run(sweep, plan, pointers, piece_of(box, dim, piece, workers), caches))
      worst = status;
  };
  int piece = 1;
  try {
    for (; piece < workers; ++piece) threads.emplace_back([&take, piece] { take(piece); });
  } catch (const std::exception&) {
    for (; piece < workers; ++piece) take(piece);
  }
  take(0);
  for (std::thread& thread : threads) thread.join();
  return static_cast<Status>(worst.load());
}

// gg_apply, whose outputs stay in the caches unless they may be streamed.
int apply(const Descriptor& plan, void* const* pointers, int64 piece, int64 pieces, int workers,
          bool may_stream) {
  if (const Status status = check(plan)) return status;
  if (const Status status = check_pointers(plan, pointers)) return status;
  if (piece < 0 || piece >= pieces || workers < 1) return BAD_COUNTS;
  Box box;
  double bytes = static_cast<double>(plan.output_bytes) * plan.outputs;
  for (int dim = 0; dim < MAX_DIMS; ++dim) {
    box.begin[dim] = 0;
    box.end[dim] = plan.length[dim];
    bytes *= static_cast<double>(plan.length[dim]);
  }
  const bool stream = may_stream && GG_STREAM_WORD > 0 && bytes > static_cast<double>(stream_bytes);
  const Caches caches{stream, block_bytes};
  if (pieces > 1) box = piece_of(box, split_dim(box, pieces), piece, pieces);
  if (piece == 0) sweeps.fetch_add(1, std::memory_order_relaxed);
  if (workers == 1) return run(SWEEPS[level], plan, pointers, box, caches);
  return run_in_threads(SWEEPS[level], plan, pointers, box, caches, workers);
}

}  // namespace

GG_EXPORT int gg_abi_version() { return ABI_VERSION; }
GG_EXPORT int gg_descriptor_bytes() { return sizeof(Descriptor); }
GG_EXPORT const char* gg_message(int status) { return MESSAGES[status]; }
GG_EXPORT int gg_cpu_level() { return level; }
GG_EXPORT int gg_cpu_levels() { return LEVELS; }

// For tests that compare the levels; a level this CPU lacks is refused.
GG_EXPORT int gg_use_cpu_level(int wanted) {
  if (wanted < 0 || wanted > detect_level()) return 0;
  level = wanted;
  return 1;
}

// For tests that stream small arrays; returns the bound that was in force.
GG_EXPORT int64 gg_use_stream_bytes(int64 bytes) { return stream_bytes.exchange(bytes); }

// The same for blocks of rows.
GG_EXPORT int64 gg_use_block_bytes(int64 bytes) { return block_bytes.exchange(bytes); }

// How often a plan was applied.
GG_EXPORT int64 gg_sweeps() { return sweeps; }

// Applies piece `piece` of `pieces` of the plan to pointers (inputs, then outputs).
GG_EXPORT int gg_apply(const Descriptor* plan, void* const* pointers, int64 piece, int64 pieces,
                       int workers) {
  return apply(*plan, pointers, piece, pieces, workers, true);
}

// The same on NumPy's array objects, the fastest call. Packed are where an object holds its data pointer and
// where its flags, the piece, the pieces, the workers, how many objects there are, and their addresses; or,
// if the first is negative, those of the data. Arrays that may overlap and outputs that are write-protected
// are refused.
int apply_objects(const Descriptor& plan, const char* packed, bool may_stream) {
  int64 how[6];
  std::memcpy(how, packed, sizeof how);
  const auto [data, flags, piece, pieces, workers, count] = how;
  if (count != int64(plan.inputs) + plan.outputs || count > MAX_ARRAYS) return BAD_COUNTS;
  void* pointers[MAX_ARRAYS] = {};
  for (int k = 0; k < count; ++k) {
    char* object;
    std::memcpy(&object, packed + sizeof how + sizeof object * static_cast<std::size_t>(k), sizeof object);
    pointers[k] = object;
    if (data < 0) continue;
    std::memcpy(&pointers[k], object + data, sizeof(void*));
    int own;
    std::memcpy(&own, object + flags, sizeof own);
    if (k >= plan.inputs && !(own & NUMPY_WRITEABLE)) return READ_ONLY;
  }
  if (may_overlap(plan, pointers)) return OVERLAP;
  return apply(plan, pointers, piece, pieces, static_cast<int>(workers), may_stream);
}

GG_EXPORT int gg_apply_objects(const Descriptor* plan, const char* packed) {
  return apply_objects(*plan, packed, true);
}

}  // namespace gridgrad
