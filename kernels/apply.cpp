// The host loops: rows of the fastest dim, blocked for the caches; compiled once per CPU level.
#include <type_traits>

#include "rows.h"
#include "stream.h"
#include "sweep.h"

namespace gridgrad {
namespace {

const int SLOW = ROW - 2, MIDDLE = ROW - 1;  // the dims next to the row
const int64 TILE = 1024;                     // elements of one output row segment kept in the L1 cache
const int64 BLOCK_BYTES = 128 << 10;         // of one plane of a block: three of them stay in the L2 cache

template <class Stored, class Real, class Out>
class Apply {
 public:
  typedef TwoDifferences<Stored, Real> Two;
  static const bool NATIVE = std::is_same_v<Stored, Real> && std::is_same_v<Out, Real>;

  Apply(const Descriptor& plan, void* const* pointers, bool stream)
      : plan_(plan), pointers_(pointers), stream_(stream) {}

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
    const int64 segment = larger(TILE, BLOCK_BYTES / 2 / bytes / TILE * TILE);
    const int64 columns = smaller(segment, box.end[ROW] - box.begin[ROW]);
    const int64 rows = larger(1, BLOCK_BYTES / (columns * bytes));
    for (int64 r = box.begin[MIDDLE]; r < box.end[MIDDLE]; r += rows)
      for (int64 c = box.begin[ROW]; c < box.end[ROW]; c += columns)
        for (at[SLOW] = box.begin[SLOW]; at[SLOW] < box.end[SLOW]; ++at[SLOW])
          plane(at, r, smaller(r + rows, box.end[MIDDLE]), c, smaller(c + columns, box.end[ROW]));
    at[SLOW] = box.begin[SLOW];
  }

  // The rows [first, last) x [begin, end) at one point of all slower dims.
  void plane(int64* at, int64 first, int64 last, int64 begin, int64 end) {
    at[MIDDLE] = first;
    for (int k = 0; k < plan_.inputs + plan_.outputs; ++k) row_[k] = offset(plan_.array[k], at);
    for (int t = 0; t < plan_.terms; ++t) locate(t, at);
    for (int64 i = first; i < last; ++i) {
      at[MIDDLE] = i;
      for (int t = 0; t < plan_.terms; ++t)
        if (plan_.stencil[plan_.term[t].stencil].dim == MIDDLE) locate(t, at);
      for (int64 j = begin; j < end; j += TILE) tile(j, smaller(j + TILE, end));
      for (int k = 0; k < plan_.inputs + plan_.outputs; ++k) row_[k] += plan_.array[k].stride[MIDDLE];
    }
    for (int k = 0; k < plan_.outputs; ++k) streams_[k].flush();
  }

  // The neighbours of a term that does not lie in the row.
  void locate(int t, const int64* at) {
    const Stencil& stencil = plan_.stencil[plan_.term[t].stencil];
    if (stencil.dim != ROW)
      pairs_[t] = neighbours(stencil, at[stencil.dim], plan_.array[plan_.term[t].input].stride[stencil.dim]);
  }

  // The row of the stencil at point i, as element offsets from that point.
  static Pairs<Real> neighbours(const Stencil& stencil, int64 i, int64 stride) {
    Pairs<Real> pairs;
    pairs.count = 0;
    if (i < stencil.leading || i >= stencil.length - stencil.trailing) {
      const EdgeRow& edge = stencil.edge[i < stencil.leading ? 0 : 1];
      for (int64 k = 0; k < edge.count; ++k)
        pairs.add((edge.pair[k].a - i) * stride, (edge.pair[k].b - i) * stride,
                  static_cast<Real>(edge.pair[k].weight));
      return pairs;
    }
    const Real lower =
        stencil.lowers ? static_cast<const Real*>(stencil.lowers)[i] : static_cast<Real>(stencil.lower);
    const Real upper =
        stencil.uppers ? static_cast<const Real*>(stencil.uppers)[i] : static_cast<Real>(stencil.upper);
    if (lower == upper) {
      pairs.add(-stride, stride, lower);
    } else {
      pairs.add(-stride, 0, lower);
      pairs.add(0, stride, upper);
    }
    return pairs;
  }

  // One segment [begin, end) of a row, for every output.
  void tile(int64 begin, int64 end) {
    int t = 0;
    while (t < plan_.terms) {
      const int output = plan_.term[t].output, k = plan_.inputs + output;
      const int64 stride = plan_.array[k].stride[ROW];
      Out* const out = static_cast<Out*>(pointers_[k]) + row_[k] + begin * stride;
      const bool alone = t + 1 == plan_.terms || plan_.term[t + 1].output != output;
      if constexpr (NATIVE) {
        if (alone && stream_ && stride == 1 && plan_.array[plan_.term[t].input].stride[ROW] == 1) {
          stream_row(t++, begin, end, out);
          continue;
        }
      }
      Real* const target = in_place(out, stride);
      for (; t < plan_.terms && plan_.term[t].output == output; ++t) apply(t, begin, end, target);
      if (target == tile_) store(output, out, stride, end - begin);
    }
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

  // A term alone in its output: whole words go from registers to memory.
  void stream_row(int t, int64 begin, int64 end, Real* out) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const bool edged = stencil.dim == ROW;
    const int64 leading = edged ? smaller(stencil.leading * stencil.inner, end) : begin;
    const int64 trailing =
        edged ? larger(begin, smaller(end, (stencil.length - stencil.trailing) * stencil.inner)) : end;
    visit(t, row(term), 1, [&](const auto& op) { stream_points(t, op, begin, leading, trailing, end, out); });
  }

  // Edge points up to `leading` and from `trailing`; a word that holds one is put together here.
  template <class Op>
  GG_NOINLINE void stream_points(int t, const Op op, int64 begin, int64 leading, int64 trailing, int64 end,
                                 Real* out) {
    const Elements<Stored, Real, One> read{};
    Stream<Out>& stream = streams_[plan_.term[t].output];
    stream.seek(out);
    int64 j = begin;
    for (; j < leading; ++j) stream.push(edge_value(t, 1, j, 0));
    for (; j < trailing && stream.missing(); ++j) stream.push(op.at(read, j));
    const int64 count = (trailing - j) / Words<Real>::LANES * Words<Real>::LANES;
    word_loop(op, j, count, stream.words(count));
    for (j += count; j < trailing; ++j) stream.push(op.at(read, j));
    for (; j < end; ++j) stream.push(edge_value(t, 1, j, 1));
  }

  static int64 offset(const Array& array, const int64* at) {
    int64 sum = 0;
    for (int dim = 0; dim < ROW; ++dim) sum += at[dim] * array.stride[dim];
    return sum;
  }

  const Stored* row(const Term& term) const {
    return static_cast<const Stored*>(pointers_[term.input]) + row_[term.input];
  }

  // The inner points [begin, end) of a row, by whichever operator they need.
  template <class Visit>
  void visit(int t, const Stored* f, int64 stride, const Visit& with) const {
    const Stencil& stencil = plan_.stencil[plan_.term[t].stencil];
    if (stencil.dim != ROW) {
      const int64 *const a = pairs_[t].a, *const b = pairs_[t].b;
      const Real* const weight = pairs_[t].weight;
      const int64 count = pairs_[t].count;
      if (count == 1) return with(OnePair<Stored, Real>{f + a[0], f + b[0], weight[0]});
      if (count == 2 && b[0] == a[1]) return with(Two{f + a[0], f + b[0], f + b[1], weight[0], weight[1]});
      return with(ManyPairs<Stored, Real>{f, pairs_[t]});
    }
    const int64 shift = stencil.inner * stride;
    const Real* const lowers = static_cast<const Real*>(stencil.lowers);
    const Real* const uppers = static_cast<const Real*>(stencil.uppers);
    if (lowers) return with(Weighted<Stored, Real>{f - shift, f, f + shift, lowers, uppers});
    const Real lower = static_cast<Real>(stencil.lower), upper = static_cast<Real>(stencil.upper);
    if (lower == upper) return with(OnePair<Stored, Real>{f - shift, f + shift, lower});
    return with(Two{f - shift, f, f + shift, lower, upper});
  }

  // One term of the segment [begin, end), added to or assigned to target.
  void apply(int t, int64 begin, int64 end, Real* target) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const int64 stride = plan_.array[term.input].stride[ROW];
    int64 first = begin, last = end;
    if (stencil.dim == ROW) {
      first = smaller(larger(begin, stencil.leading * stencil.inner), end);
      last = larger(smaller(end, (stencil.length - stencil.trailing) * stencil.inner), first);
      edges(t, stride, begin, first, 0, target);
      edges(t, stride, last, end, 1, target + (last - begin));
    }
    visit(t, row(term), stride, [&](const auto& op) {
      if (stride == 1) fill(op, Elements<Stored, Real, One>{}, term.assign, first, last, target - begin);
      else fill(op, Elements<Stored, Real, int64>{stride}, term.assign, first, last, target - begin);
    });
  }

  // A stride the compiler knows, so that the loops vectorise.
  struct One {
    constexpr operator int64() const { return 1; }
  };

  template <class Op, class Read>
  static void fill(const Op& op, const Read& read, int assign, int64 first, int64 last, Real* target) {
    if (assign) loop<true>(op, read, first, last, target);
    else loop<false>(op, read, first, last, target);
  }

  // Kept out of line: inlined into each other, these loops run out of registers.
  template <bool assign, class Op, class Read>
  GG_NOINLINE static void loop(const Op op, const Read read, int64 first, int64 last,
                               Real* __restrict target) {
    for (int64 j = first; j < last; ++j) put<assign>(target[j], op.at(read, j));
  }

  template <class Op>
  static void word_loop(const Op op, int64 first, int64 count, Real* out) {
    const Words<Real> read;
    for (int64 k = 0; k < count; k += Words<Real>::LANES) {
      const typename Words<Real>::Word word = op.at(read, first + k);
      GG_STREAM(out + k, &word);
    }
  }

  // The elements [begin, end) of an edge row of the axis in the row.
  void edges(int t, int64 stride, int64 begin, int64 end, int side, Real* target) const {
    for (int64 j = begin; j < end; ++j) {
      const Real value = edge_value(t, stride, j, side);
      target[j - begin] = plan_.term[t].assign ? value : target[j - begin] + value;
    }
  }

  GG_NOINLINE Real edge_value(int t, int64 stride, int64 j, int side) const {
    const Stencil& stencil = plan_.stencil[plan_.term[t].stencil];
    const EdgeRow& edge = stencil.edge[side];
    const int64 inner = stencil.inner;
    const Stored* const f =
        row(plan_.term[t]) + (inner == 1 ? 0 : j % inner) * stride;  // dividing takes long
    Real sum = 0;
    for (int64 k = 0; k < edge.count; ++k) {
      const Pair& pair = edge.pair[k];
      const Real value =
          pair_value(static_cast<Real>(pair.weight), f[pair.b * inner * stride], f[pair.a * inner * stride]);
      sum = k == 0 ? value : sum + value;
    }
    return sum;
  }

  const Descriptor& plan_;
  void* const* const pointers_;
  const bool stream_;
  int64 row_[MAX_ARRAYS];         // element offset of the current row in each array
  Pairs<Real> pairs_[MAX_TERMS];  // of the current row, for terms across rows
  Stream<Out> streams_[MAX_ARRAYS];
  alignas(64) Real tile_[TILE];
};

template <class Stored, class Real, class Out>
void run(const Descriptor& plan, void* const* pointers, const Box& box, bool stream) {
  Apply<Stored, Real, Out>(plan, pointers, stream).box(box);
  if (stream) GG_STREAM_FENCE();
}

// A floating type computes in float unless the plan's weights need double.
template <class Stored>
void run_floating(const Descriptor& plan, void* const* pointers, const Box& box, bool stream) {
  if (plan.real_bytes == 4) run<Stored, float, Stored>(plan, pointers, box, stream);
  else run<Stored, double, Stored>(plan, pointers, box, stream);
}

}  // namespace

// GG_SWEEP is this CPU level's name, from CMakeLists.txt; the descriptor has been checked.
extern "C" void GG_SWEEP(const Descriptor& plan, void* const* pointers, const Box& box, bool stream) {
  switch (plan.storage) {
    case HALF:
      return run_floating<Half>(plan, pointers, box, stream);
    case BFLOAT16:
      return run_floating<BFloat16>(plan, pointers, box, stream);
    case FLOAT32:
      return run_floating<float>(plan, pointers, box, stream);
    case FLOAT64:
      return run<double, double, double>(plan, pointers, box, stream);
    case INT8:
      return run<int8, double, double>(plan, pointers, box, stream);
    case UINT8:
      return run<uint8, double, double>(plan, pointers, box, stream);
    case INT16:
      return run<int16, double, double>(plan, pointers, box, stream);
    case UINT16:
      return run<uint16, double, double>(plan, pointers, box, stream);
    case INT32:
      return run<int32, double, double>(plan, pointers, box, stream);
    case UINT32:
      return run<uint32, double, double>(plan, pointers, box, stream);
    case INT64:
      return run<int64, double, double>(plan, pointers, box, stream);
    case UINT64:
      return run<uint64, double, double>(plan, pointers, box, stream);
  }
}

}  // namespace gridgrad
