// The C ABI: checks the descriptor again, picks the CPU level, splits the work over threads.
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#include "sweep.h"

namespace gridgrad {

extern "C" Sweep GG_SWEEPS;  // the CPU levels that were compiled, lowest first

namespace {

enum Status : int { OK, BAD_ABI, BAD_COUNTS, BAD_TERM, BAD_STENCIL, NULL_POINTER, UNALIGNED, OVERLAP };

const char* const MESSAGES[] = {
    "ok",
    "the descriptor was packed for another ABI version",
    "the descriptor's counts are outside its tables",
    "a term names an array or stencil that is not there",
    "a stencil does not fit its dim",
    "a data pointer is null",
    "a data pointer is not aligned to its element",
    "an output may overlap another array",
};

Sweep* const SWEEPS[] = {GG_SWEEPS};
const int LEVELS = sizeof SWEEPS / sizeof SWEEPS[0];

int detect_level() {
  const int level = GG_CPU_LEVEL();
  return level < LEVELS ? level : LEVELS - 1;
}

std::atomic<int> level{detect_level()};
std::atomic<int64> stream_bytes{16 << 20};  // outputs beyond this leave the caches anyway

int64 element_bytes(int storage) {
  const int64 bytes[] = {2, 2, 4, 8, 1, 1, 2, 2, 4, 4, 8, 8};
  return bytes[storage];
}

bool within(int value, int low, int high) { return value >= low && value <= high; }

Status check_stencil(const Descriptor& plan, const Stencil& stencil) {
  if (!within(stencil.dim, 0, ROW) || stencil.inner < 1 || stencil.length < 2) return BAD_STENCIL;
  if (stencil.dim != ROW && stencil.inner != 1) return BAD_STENCIL;
  if (stencil.length * stencil.inner != plan.length[stencil.dim]) return BAD_STENCIL;
  if (!within(stencil.leading, 0, 1) || !within(stencil.trailing, 0, 1)) return BAD_STENCIL;
  if (!stencil.lowers != !stencil.uppers) return BAD_STENCIL;
  for (const EdgeRow& edge : stencil.edge) {
    if (edge.count < 0 || edge.count > MAX_PAIRS) return BAD_STENCIL;
    for (int64 k = 0; k < edge.count; ++k) {
      const Pair& pair = edge.pair[k];
      if (pair.a < 0 || pair.b < 0 || pair.a >= stencil.length || pair.b >= stencil.length)
        return BAD_STENCIL;
    }
  }
  return OK;
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
    const Term& term = plan.term[t];
    if (!within(term.output, 0, plan.outputs - 1) || !within(term.input, 0, plan.inputs - 1)) return BAD_TERM;
    if (!within(term.stencil, 0, plan.stencils - 1)) return BAD_TERM;
  }
  for (int s = 0; s < plan.stencils; ++s)
    if (const Status status = check_stencil(plan, plan.stencil[s])) return status;
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

// The addresses from an array's first byte to its last.
Extent extent_of(const Descriptor& plan, void* const* pointers, int k) {
  const int64 bytes = k < plan.inputs ? element_bytes(plan.storage) : plan.output_bytes;
  const std::intptr_t first = reinterpret_cast<std::intptr_t>(pointers[k]);
  Extent extent{first, first + bytes};
  for (int dim = 0; dim < MAX_DIMS; ++dim) {
    const int64 reach = (plan.length[dim] - 1) * plan.array[k].stride[dim] * bytes;
    (reach < 0 ? extent.begin : extent.end) += reach;
  }
  return extent;
}

// Whether an output's extent meets that of an array before it.
bool may_overlap(const Descriptor& plan, void* const* pointers) {
  Extent extents[MAX_ARRAYS];
  for (int k = 0; k < plan.inputs + plan.outputs; ++k) {
    extents[k] = extent_of(plan, pointers, k);
    for (int other = 0; k >= plan.inputs && other < k; ++other)
      if (extents[k].begin < extents[other].end && extents[other].begin < extents[k].end) return true;
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

// Short-lived threads: nothing to hang in a forked child. A thread that cannot start is run here.
void run_in_threads(Sweep* sweep, const Descriptor& plan, void* const* pointers, const Box& box, bool stream,
                    int workers) {
  const int dim = split_dim(box, workers);
  std::vector<std::thread> threads;
  int piece = 1;
  try {
    for (; piece < workers; ++piece) {
      const Box part = piece_of(box, dim, piece, workers);
      threads.emplace_back([=, &plan] { sweep(plan, pointers, part, stream); });
    }
  } catch (const std::exception&) {
    for (; piece < workers; ++piece) sweep(plan, pointers, piece_of(box, dim, piece, workers), stream);
  }
  sweep(plan, pointers, piece_of(box, dim, 0, workers), stream);
  for (std::thread& thread : threads) thread.join();
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

// Applies piece `piece` of `pieces` of the plan to pointers (inputs, then outputs).
GG_EXPORT int gg_apply(const Descriptor* plan, void* const* pointers, int64 piece, int64 pieces,
                       int workers) {
  if (const Status status = check(*plan)) return status;
  if (const Status status = check_pointers(*plan, pointers)) return status;
  if (piece < 0 || piece >= pieces || workers < 1) return BAD_COUNTS;
  Box box;
  double bytes = static_cast<double>(plan->output_bytes) * plan->outputs;
  for (int dim = 0; dim < MAX_DIMS; ++dim) {
    box.begin[dim] = 0;
    box.end[dim] = plan->length[dim];
    bytes *= static_cast<double>(plan->length[dim]);
  }
  const bool stream = GG_STREAM_WORD > 0 && bytes > static_cast<double>(stream_bytes);
  if (pieces > 1) box = piece_of(box, split_dim(box, pieces), piece, pieces);
  if (workers == 1) SWEEPS[level](*plan, pointers, box, stream);
  else run_in_threads(SWEEPS[level], *plan, pointers, box, stream, workers);
  return OK;
}

// One piece, one thread, on array objects: each holds its data pointer at `offset`. The fastest call;
// arrays that may overlap are refused.
GG_EXPORT int gg_apply_objects(const Descriptor* plan, int64 offset, const char* a, const char* b,
                               const char* c, const char* d) {
  const char* const objects[] = {a, b, c, d};
  void* pointers[4] = {};
  if (plan->inputs + plan->outputs > 4) return BAD_COUNTS;
  for (int k = 0; k < plan->inputs + plan->outputs; ++k)
    std::memcpy(&pointers[k], objects[k] + offset, sizeof(void*));
  if (may_overlap(*plan, pointers)) return OVERLAP;
  return gg_apply(plan, pointers, 0, 1, 1);
}

}  // namespace gridgrad
