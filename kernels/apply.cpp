// The host loops: rows of the fastest dim, blocked for the caches; compiled once per CPU level.
#include "stencil.h"
#include "sweep.h"

namespace gridgrad {
namespace {

const int SLOW = ROW - 2, MIDDLE = ROW - 1;  // the dims next to the row
const int64 TILE = 1024;              // elements of one output row segment kept in the L1 cache
const int64 BLOCK_BYTES = 128 << 10;  // of one plane of a block: three of them stay in the L2 cache

int64 smaller(int64 a, int64 b) { return a < b ? a : b; }
int64 larger(int64 a, int64 b) { return a > b ? a : b; }

// A row of pairs with element offsets in place of points: what one slow axis asks of a row.
template <class Real>
struct Pairs {
  int64 count;
  int64 a[MAX_PAIRS], b[MAX_PAIRS];
  Real weight[MAX_PAIRS];

  void add(int64 from, int64 to, Real value) {
    a[count] = from;
    b[count] = to;
    weight[count++] = value;
  }
};

template <bool assign, class Real>
inline void put(Real& target, Real value) {
  target = assign ? value : target + value;
}

// Streams consecutive segments of one output past the caches, in whole words of GG_STREAM_WORD
// bytes. A word that a segment leaves half full waits for the next one: a plain store into a line
// that is also streamed would pull it back into the cache.
class Stream {
  static const int64 WORD = GG_STREAM_WORD > 0 ? GG_STREAM_WORD : 16;

 public:
  void write(char* target, const char* source, int64 bytes) {
    if (target != end_) flush();
    if (!waiting_) {
      const int64 misplaced = static_cast<int64>(reinterpret_cast<std::uintptr_t>(target) & (WORD - 1));
      const int64 head = misplaced ? smaller(bytes, WORD - misplaced) : 0;
      copy(target, source, head);
      target += head, source += head, bytes -= head;
    } else {
      const int64 missing = smaller(bytes, WORD - waiting_);
      copy(word_ + waiting_, source, missing);
      target += missing, source += missing, bytes -= missing;
      waiting_ += missing;
      if (waiting_ == WORD) {
        GG_STREAM(target - WORD, word_);
        waiting_ = 0;
      }
    }
    int64 at = 0;
    for (; at + WORD <= bytes; at += WORD) GG_STREAM(target + at, source + at);
    if (at < bytes) {
      copy(word_, source + at, bytes - at);
      waiting_ = bytes - at;
    }
    end_ = target + bytes;
  }

  void flush() {
    copy(end_ - waiting_, word_, waiting_);
    end_ = nullptr;
    waiting_ = 0;
  }

 private:
  static void copy(char* target, const char* source, int64 bytes) {
    std::memcpy(target, source, static_cast<std::size_t>(bytes));
  }

  char* end_ = nullptr;
  int64 waiting_ = 0;
  alignas(64) char word_[64];
};

template <class Stored, class Real, class Out>
class Apply {
 public:
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

  // One segment [begin, end) of a row, for every output.
  void tile(int64 begin, int64 end) {
    int t = 0;
    while (t < plan_.terms) {
      const int output = plan_.term[t].output, k = plan_.inputs + output;
      const int64 stride = plan_.array[k].stride[ROW];
      Out* const out = static_cast<Out*>(pointers_[k]) + row_[k] + begin * stride;
      Real* const target = in_place(out, stride);
      for (; t < plan_.terms && plan_.term[t].output == output; ++t) apply(t, begin, end, target);
      if (target == tile_) store(output, out, stride, end - begin);
    }
  }

  // The output itself when it can hold the running sum, else the tile buffer.
  Real* in_place(Real* out, int64 stride) { return stride == 1 && !stream_ ? out : tile_; }
  template <class Other>
  Real* in_place(Other*, int64) { return tile_; }

  void store(int output, Out* out, int64 stride, int64 count) {
    if (stride == 1 && stream_) return stream(output, out, count);
    for (int64 j = 0; j < count; ++j) out[j * stride] = Rounding<Out, Real>::store(tile_[j]);
  }

  void stream(int output, Real* out, int64 count) {
    streams_[output].write(reinterpret_cast<char*>(out), reinterpret_cast<const char*>(tile_), count * static_cast<int64>(sizeof(Real)));
  }
  template <class Other>
  void stream(int output, Other* out, int64 count) {
    Other rounded[TILE];
    for (int64 j = 0; j < count; ++j) rounded[j] = Rounding<Other, Real>::store(tile_[j]);
    streams_[output].write(reinterpret_cast<char*>(out), reinterpret_cast<const char*>(rounded), count * static_cast<int64>(sizeof(Other)));
  }

  static int64 offset(const Array& array, const int64* at) {
    int64 sum = 0;
    for (int dim = 0; dim < ROW; ++dim) sum += at[dim] * array.stride[dim];
    return sum;
  }

  void apply(int t, int64 begin, int64 end, Real* target) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const int64 stride = plan_.array[term.input].stride[ROW];
    const Stored* const row = static_cast<const Stored*>(pointers_[term.input]) + row_[term.input];
    if (stencil.dim == ROW) {
      if (term.assign) along<true>(stencil, row, stride, begin, end, target);
      else along<false>(stencil, row, stride, begin, end, target);
    } else {
      if (term.assign) across<true>(pairs_[t], row + begin * stride, stride, end - begin, target);
      else across<false>(pairs_[t], row + begin * stride, stride, end - begin, target);
    }
  }

  // The row of the stencil at point i, as element offsets from that point.
  static Pairs<Real> neighbours(const Stencil& stencil, int64 i, int64 stride) {
    Pairs<Real> pairs;
    pairs.count = 0;
    if (i < stencil.leading || i >= stencil.length - stencil.trailing) {
      const EdgeRow& edge = stencil.edge[i < stencil.leading ? 0 : 1];
      for (int64 k = 0; k < edge.count; ++k)
        pairs.add((edge.pair[k].a - i) * stride, (edge.pair[k].b - i) * stride, static_cast<Real>(edge.pair[k].weight));
      return pairs;
    }
    const Real lower = stencil.lowers ? static_cast<const Real*>(stencil.lowers)[i] : static_cast<Real>(stencil.lower);
    const Real upper = stencil.uppers ? static_cast<const Real*>(stencil.uppers)[i] : static_cast<Real>(stencil.upper);
    if (lower == upper) {
      pairs.add(-stride, stride, lower);
    } else {
      pairs.add(-stride, 0, lower);
      pairs.add(0, stride, upper);
    }
    return pairs;
  }

  // A slow axis: the same few pairs for a whole row.
  template <bool assign>
  GG_NOINLINE static void across(const Pairs<Real>& pairs, const Stored* f, int64 stride, int64 count, Real* __restrict target) {
    const Real first = pairs.weight[0], second = pairs.weight[1];
    const Stored *const a = f + pairs.a[0], *const b = f + pairs.b[0];
    if (pairs.count == 1 && stride == 1) {
      for (int64 j = 0; j < count; ++j) put<assign>(target[j], pair_value(first, b[j], a[j]));
    } else if (pairs.count == 2 && stride == 1) {
      const Stored *const c = f + pairs.a[1], *const d = f + pairs.b[1];
      for (int64 j = 0; j < count; ++j)
        put<assign>(target[j], pair_value(first, b[j], a[j]) + pair_value(second, d[j], c[j]));
    } else {
      for (int64 j = 0; j < count; ++j) {
        Real sum = pair_value(first, b[j * stride], a[j * stride]);
        for (int64 k = 1; k < pairs.count; ++k)
          sum = sum + pair_value(pairs.weight[k], f[pairs.b[k] + j * stride], f[pairs.a[k] + j * stride]);
        put<assign>(target[j], sum);
      }
    }
  }

  // The axis in the row itself: edge rows at its ends, formula (1) between them.
  template <bool assign>
  static void along(const Stencil& stencil, const Stored* row, int64 stride, int64 begin, int64 end, Real* __restrict target) {
    const int64 leading = stencil.leading * stencil.inner;
    const int64 trailing = (stencil.length - stencil.trailing) * stencil.inner;
    const int64 first = smaller(larger(begin, leading), end), last = larger(smaller(end, trailing), first);
    for (int64 j = begin; j < first; ++j) put<assign>(target[j - begin], edge_value(stencil, row, stride, j, 0));
    if (stride == 1) inside<assign>(stencil, row, int64_one(), first, last, target - begin);
    else inside<assign>(stencil, row, stride, first, last, target - begin);
    for (int64 j = last; j < end; ++j) put<assign>(target[j - begin], edge_value(stencil, row, stride, j, 1));
  }

  // A stride the compiler knows, so that the loops below vectorise.
  struct int64_one {
    constexpr operator int64() const { return 1; }
  };

  template <bool assign, class Stride>
  GG_NOINLINE static void inside(const Stencil& stencil, const Stored* row, Stride stride, int64 first, int64 last, Real* __restrict target) {
    const int64 shift = stencil.inner * stride;
    const Stored *const below = row - shift, *const above = row + shift;
    if (stencil.lowers) {
      const Real* const lowers = static_cast<const Real*>(stencil.lowers);
      const Real* const uppers = static_cast<const Real*>(stencil.uppers);
      for (int64 j = first; j < last; ++j)
        put<assign>(target[j], interior(lowers[j], uppers[j], below[j * stride], row[j * stride], above[j * stride]));
      return;
    }
    const Real lower = static_cast<Real>(stencil.lower), upper = static_cast<Real>(stencil.upper);
    if (lower == upper) {
      for (int64 j = first; j < last; ++j) put<assign>(target[j], pair_value(lower, above[j * stride], below[j * stride]));
    } else {
      for (int64 j = first; j < last; ++j)
        put<assign>(target[j], two_differences(lower, upper, below[j * stride], row[j * stride], above[j * stride]));
    }
  }

  GG_NOINLINE static Real edge_value(const Stencil& stencil, const Stored* row, int64 stride, int64 j, int side) {
    const EdgeRow& edge = stencil.edge[side];
    const int64 component = j % stencil.inner;
    Real sum = 0;
    for (int64 k = 0; k < edge.count; ++k) {
      const Pair& pair = edge.pair[k];
      const Real value = pair_value(static_cast<Real>(pair.weight), row[(pair.b * stencil.inner + component) * stride],
                                    row[(pair.a * stencil.inner + component) * stride]);
      sum = k == 0 ? value : sum + value;
    }
    return sum;
  }

  const Descriptor& plan_;
  void* const* const pointers_;
  const bool stream_;
  int64 row_[MAX_ARRAYS];        // element offset of the current row in each array
  Pairs<Real> pairs_[MAX_TERMS];  // of the current row, for terms across rows
  Stream streams_[MAX_ARRAYS];
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
    case HALF: return run_floating<Half>(plan, pointers, box, stream);
    case BFLOAT16: return run_floating<BFloat16>(plan, pointers, box, stream);
    case FLOAT32: return run_floating<float>(plan, pointers, box, stream);
    case FLOAT64: return run<double, double, double>(plan, pointers, box, stream);
    case INT8: return run<int8, double, double>(plan, pointers, box, stream);
    case UINT8: return run<uint8, double, double>(plan, pointers, box, stream);
    case INT16: return run<int16, double, double>(plan, pointers, box, stream);
    case UINT16: return run<uint16, double, double>(plan, pointers, box, stream);
    case INT32: return run<int32, double, double>(plan, pointers, box, stream);
    case UINT32: return run<uint32, double, double>(plan, pointers, box, stream);
    case INT64: return run<int64, double, double>(plan, pointers, box, stream);
    case UINT64: return run<uint64, double, double>(plan, pointers, box, stream);
  }
}

}  // namespace gridgrad
