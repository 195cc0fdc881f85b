// The host loops: rows of the fastest dim, blocked for the caches; compiled once per CPU level.
#include <type_traits>

#include "loops/runs.h"
#include "rows.h"
#include "stream.h"
#include "sweep.h"
#include "terms.h"

namespace gridgrad {
namespace {

const int64 ROW_BYTES = 64 << 10;  // of a row of a block: three of them stay in the L2 cache

template <class Stored, class Real, class Out>
class Apply {
 public:
  static const int64 LINE = 64 / static_cast<int64>(sizeof(Stored));  // elements of a line of the caches
  static const bool NATIVE = std::is_same_v<Stored, Real> && std::is_same_v<Out, Real>;

  Apply(const Descriptor& plan, void* const* pointers, const Caches& caches)
      : plan_(plan),
        pointers_(pointers),
        stream_(caches.stream),
        block_bytes_(caches.block_bytes),
        terms_(plan, pointers),
        runs_(terms_.here) {
    for (int t = 0; t < plan.terms; ++t) {
      sort(t);
      reach(plan.term[t]);
    }
  }

  void box(const Box& box) {
    int64 at[MAX_DIMS];
    for (int dim = 0; dim < MAX_DIMS; ++dim) {
      if (box.begin[dim] >= box.end[dim]) return;
      at[dim] = box.begin[dim];
    }
    do blocks(box, at);
    while (next(box, at, SLOW - 1));
  }

 private:
  // Advances the dims 0 .. last like an odometer; false when all are done.
  static bool next(const Box& box, int64* at, int last) {
    for (int dim = last; dim >= 0; --dim) {
      if (++at[dim] < box.end[dim]) return true;
      at[dim] = box.begin[dim];
    }
    return false;
  }

  // Blocks of the two fastest dims, swept along the third, so that its neighbours are still cached.
  void blocks(const Box& box, int64* at) {
    const int64 bytes = static_cast<int64>(sizeof(Stored));
    const int64 segment = larger(TILE, ROW_BYTES / bytes / TILE * TILE);
    const int64 columns = smaller(segment, box.end[ROW] - box.begin[ROW]);
    const int64 rows = larger(1, block_bytes_ / (columns * bytes));
    for (int64 r = box.begin[MIDDLE]; r < box.end[MIDDLE]; r += rows)
      for (int64 c = box.begin[ROW]; c < box.end[ROW]; c += columns)
        for (at[SLOW] = box.begin[SLOW]; at[SLOW] < box.end[SLOW]; ++at[SLOW])
          plane(at, r, smaller(r + rows, box.end[MIDDLE]), c, smaller(c + columns, box.end[ROW]));
    at[SLOW] = box.begin[SLOW];
  }

  // The rows [first, last) x [begin, end) at one point of all slower dims.
  void plane(int64* at, int64 first, int64 last, int64 begin, int64 end) {
    at[MIDDLE] = first;
    terms_.here.go_to(at);
    while (true) {
      at[MIDDLE] += have_loops(begin, end) ? run(last, begin, end) : row(last, begin, end);
      if (at[MIDDLE] == last) break;
      terms_.here.go_on_to(at);
    }
    for (int k = 0; k < plan_.outputs; ++k) streams_[k].flush();
  }

  // Whether every output has a loop for runs of rows, at this one.
  bool have_loops(int64 begin, int64 end) {
    if constexpr (!NATIVE) return false;
    else {
      for (int t = 0; t < plan_.terms; t = next_[t])
        if (ends_[t] == t || !are_along(t) || !runs_.have_loops(t, ends_[t], begin, end)) return false;
      return true;
    }
  }

  // The rows from this one on, before row `last` of the plane, that have the same loops; how many. Where
  // outputs are streamed, a few rows of each in turn: stores go on while the next rows are computed.
  int64 run(int64 last, int64 begin, int64 end) {
    const int64 rows = terms_.here.rows_of_a_form(last);
    if constexpr (NATIVE) {
      const int64 group = rows_of_a_group(end - begin);
      bool streams = false;
      for (int t = 0; t < plan_.terms; t = next_[t]) {
        Stream<Out>* const stream = stream_ ? &streams_[plan_.term[t].output] : nullptr;
        const Run<Real>& own =
            runs_.set_up(t, ends_[t], next_[t], rows, begin, end, output_row(t) + begin, stream);
        goes_past_[t] = own.stream != nullptr;
        streams |= goes_past_[t];
        if (goes_past_[t]) set_walls(t, own, begin, end);
      }
      const int64 step = !streams ? rows : group == COLUMN ? 1 : group;
      for (int64 r = 0; r < rows; r += step) {
        if (streams) fetch(r + group, step, begin, end);
        for (int t = 0; t < plan_.terms; t = next_[t]) runs_.take(t, ends_[t], r, smaller(r + step, rows));
      }
      for (int t = 0; t < plan_.terms; t = next_[t]) {
        if (goes_past_[t]) continue;
        const int64 ahead = plan_.array[plan_.inputs + plan_.term[t].output].stride[MIDDLE];
        terms_.add_ends(ends_[t], next_[t], rows, begin, end, output_row(t) + begin, 1, ahead);
      }
    }
    return rows;
  }

  // What terms at walls add to the ends of rows that go past the caches, which are made before.
  void set_walls(int t, const Run<Real>& run, int64 begin, int64 end) {
    const int64 first = begin + run.leading, last = first + run.count;
    Real* values = run.walls;
    for (int k = ends_[t]; k < next_[t]; ++k) {
      if (!terms_.here.is_there(k)) continue;
      const Stencil& wall = terms_.here.stencil(k);
      if (wall.leading) terms_.add_ends(k, k + 1, run.rows, begin, first, values, 1, run.ends);
      if (wall.trailing) terms_.add_ends(k, k + 1, run.rows, last, end, values + run.leading, 1, run.ends);
      values += run.rows * run.ends;
    }
  }

  Out* output_row(int t) const {
    const int k = plan_.inputs + plan_.term[t].output;
    return static_cast<Out*>(pointers_[k]) + terms_.here.offset(k);
  }

  // Asks for what the rows from the r-th on read in the planes ahead. Inlined: gcc takes a function of
  // requests for one without effects.
  GG_INLINE void fetch(int64 r, int64 rows, int64 begin, int64 end) const {
    for (int k = 0; k < plan_.inputs; ++k) {
      if (!lead_[k]) continue;
      const int64 ahead = plan_.array[k].stride[MIDDLE];
      const Stored* from = terms_.here.row(k) + lead_[k] + r * ahead;
      for (int64 n = 0; n < rows; ++n, from += ahead)
        for (int64 j = begin; j < end; j += LINE) GG_FETCH(from + j);
    }
  }

  // This row, or all that are alike; how many.
  int64 row(int64 last, int64 begin, int64 end) {
    const bool whole = begin == 0 && end == plan_.length[ROW];
    const int64 alike = whole ? terms_.here.rows_alike(last, TILE) : 1;
    for (int64 j = begin; j < end; j += TILE) tile(j, alike > 1 ? alike * end : smaller(j + TILE, end));
    return alike;
  }

  // One segment [begin, end) of a row, or all of several rows that are alike, for every output.
  void tile(int64 begin, int64 end) {
    for (int t = 0; t < plan_.terms; t = next_[t]) {
      const Term& term = plan_.term[t];
      const int64 stride = plan_.array[plan_.inputs + term.output].stride[ROW];
      Out* const out = output_row(t) + begin * stride;
      if constexpr (std::is_same_v<Out, Real>) {
        if (ends_[t] == t) {  // the output holds the rest
          terms_.add_ends(t, next_[t], begin, end, out, stride);
          continue;
        }
      }
      Real* const target = in_place(out, stride);
      if (alone_[t]) terms_.rows(t, terms_.here.row(term.input), begin, end, target);
      else terms_.sum(t, ends_[t], begin, end, target);
      terms_.add_ends(ends_[t], next_[t], begin, end, target, 1);
      if (target == tile_) store(term.output, out, stride, end - begin);
    }
  }

  // What is the same for every row: where the terms of the output that begins at term t end, and where those
  // that stand at ends only begin; whether it is the row of a stencil and nothing else but for these.
  void sort(int t) {
    const Term& term = plan_.term[t];
    for (next_[t] = t + 1; next_[t] < plan_.terms && plan_.term[next_[t]].output == term.output;) ++next_[t];
    for (ends_[t] = t; ends_[t] < next_[t] && !plan_.term[ends_[t]].ends;) ++ends_[t];
    alone_[t] = ends_[t] == t + 1 && term.assign && term.outer < 0 && term.then < 0 &&
                plan_.join[term.output] == TOTAL;
  }

  // How far ahead of its own row a term reads in other planes.
  void reach(const Term& term) {
    const Stencil& stencil = plan_.stencil[term.stencil];
    for (int p = 0; stencil.dim == SLOW && p < stencil.pairs; ++p)
      for (const int k : {int(term.input), int(term.inner), int(term.faces)})
        if (k >= 0)
          lead_[k] = larger(lead_[k], larger(stencil.a[p], stencil.b[p]) * plan_.array[k].stride[SLOW]);
  }

  // Whether the terms of an output that stand at ends only are there at the ends of this row and no more.
  bool are_along(int t) const {
    for (int k = ends_[t]; k < next_[t]; ++k)
      if (terms_.here.is_there(k) && !terms_.here.is_along(k)) return false;
    return true;
  }

  // The output itself when it can hold the running sum, else the tile buffer.
  Real* in_place(Out* out, int64 stride) {
    if constexpr (std::is_same_v<Out, Real>) return stride == 1 && !stream_ ? out : tile_;
    else return tile_;
  }

  void store(int output, Out* out, int64 stride, int64 count) {
    if (stride != 1 || !stream_) {
      for (int64 j = 0; j < count; ++j) out[j * stride] = Rounding<Out, Real>::store(tile_[j]);
    } else if constexpr (std::is_same_v<Out, Real>) {
      streams_[output].write(out, tile_, count);
    } else {
      Out rounded[TILE];
      for (int64 j = 0; j < count; ++j) rounded[j] = Rounding<Out, Real>::store(tile_[j]);
      streams_[output].write(out, rounded, count);
    }
  }

  const Descriptor& plan_;
  void* const* const pointers_;
  const bool stream_;
  const int64 block_bytes_;
  Terms<Stored, Real> terms_;
  std::conditional_t<NATIVE, Runs<Real>, NoRuns> runs_;
  int next_[MAX_TERMS], ends_[MAX_TERMS];
  bool alone_[MAX_TERMS], goes_past_[MAX_TERMS];
  int64 lead_[MAX_ARRAYS] = {};  // of what is read in each input from the row itself
  Stream<Out> streams_[MAX_ARRAYS];
  alignas(64) Real tile_[TILE];
};

template <class Stored, class Real, class Out>
void run(const Descriptor& plan, void* const* pointers, const Box& box, const Caches& caches) {
  Apply<Stored, Real, Out>(plan, pointers, caches).box(box);
  if (caches.stream) GG_STREAM_FENCE();
}

// A floating type computes in float unless the plan's weights need double.
template <class Stored>
void run_floating(const Descriptor& plan, void* const* pointers, const Box& box, const Caches& caches) {
  if (plan.real_bytes == 4) run<Stored, float, Stored>(plan, pointers, box, caches);
  else run<Stored, double, Stored>(plan, pointers, box, caches);
}

}  // namespace

// GG_SWEEP is this CPU level's name, from CMakeLists.txt; the descriptor has been checked.
extern "C" void GG_SWEEP(const Descriptor& plan, void* const* pointers, const Box& box,
                         const Caches& caches) {
  switch (plan.storage) {
    case HALF:
      return run_floating<Half>(plan, pointers, box, caches);
    case BFLOAT16:
      return run_floating<BFloat16>(plan, pointers, box, caches);
    case FLOAT32:
      return run_floating<float>(plan, pointers, box, caches);
    case FLOAT64:
      return run<double, double, double>(plan, pointers, box, caches);
    case INT8:
      return run<int8, double, double>(plan, pointers, box, caches);
    case UINT8:
      return run<uint8, double, double>(plan, pointers, box, caches);
    case INT16:
      return run<int16, double, double>(plan, pointers, box, caches);
    case UINT16:
      return run<uint16, double, double>(plan, pointers, box, caches);
    case INT32:
      return run<int32, double, double>(plan, pointers, box, caches);
    case UINT32:
      return run<uint32, double, double>(plan, pointers, box, caches);
    case INT64:
      return run<int64, double, double>(plan, pointers, box, caches);
    case UINT64:
      return run<uint64, double, double>(plan, pointers, box, caches);
  }
}

}  // namespace gridgrad
