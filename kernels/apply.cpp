// The host loops: rows of the fastest dim, blocked for the caches; compiled once per CPU level.
#include <algorithm>
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
        if (moves(t, MIDDLE)) locate(t, at);
      for (int64 j = begin; j < end; j += TILE) tile(j, smaller(j + TILE, end));
      for (int k = 0; k < plan_.inputs + plan_.outputs; ++k) row_[k] += plan_.array[k].stride[MIDDLE];
    }
    for (int k = 0; k < plan_.outputs; ++k) streams_[k].flush();
  }

  // The rows of a term's stencils at this point.
  void locate(int t, const int64* at) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const bool faces = has(term, AT_FACES);
    pairs_[t] = stencil.dim == ROW ? inner_pairs<Real>(stencil, 0, faces)
                                   : pairs_at<Real>(stencil, at[stencil.dim], faces);
    if (term.then < 0) return;
    const Stencil& then = plan_.stencil[term.then];
    then_[t] = pairs_at<Real>(then, at[then.dim], false);
  }

  bool moves(int t, int dim) const {
    const Term& term = plan_.term[t];
    return plan_.stencil[term.stencil].dim == dim || (term.then >= 0 && plan_.stencil[term.then].dim == dim);
  }

  static bool has(const Term& term, Place place) { return term.coefficient >= 0 && term.place == place; }

  // One segment [begin, end) of a row, for every output.
  void tile(int64 begin, int64 end) {
    int t = 0;
    while (t < plan_.terms) {
      const int output = plan_.term[t].output, k = plan_.inputs + output;
      const int64 stride = plan_.array[k].stride[ROW];
      Out* const out = static_cast<Out*>(pointers_[k]) + row_[k] + begin * stride;
      const bool alone = t + 1 == plan_.terms || plan_.term[t + 1].output != output;
      if constexpr (NATIVE) {
        if (alone && stream_ && stride == 1 && streams(plan_.term[t]) && form(t) != PASSES) {
          stream_row(t++, begin, end, out);
          continue;
        }
      }
      Real* const target = in_place(out, stride);
      for (; t < plan_.terms && plan_.term[t].output == output; ++t) apply(t, begin, end, target - begin);
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

  // Whether a term, alone in its output, is the row of its stencil and the input's elements are adjacent.
  bool streams(const Term& term) const {
    return term.coefficient < 0 && term.then < 0 && !term.norm && plan_.array[term.input].stride[ROW] == 1;
  }

  // Such a term: whole words go from registers to memory.
  void stream_row(int t, int64 begin, int64 end, Real* out) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const bool edged = stencil.dim == ROW;
    const int64 leading = edged ? smaller(stencil.leading * stencil.inner, end) : begin;
    const int64 trailing =
        edged ? larger(begin, smaller(end, (stencil.length - stencil.trailing) * stencil.inner)) : end;
    visit(t, row(term.input), [&](const auto& op) { stream_points(t, op, begin, leading, trailing, end, out); });
  }

  // Edge points up to `leading` and from `trailing`; a word that holds one is put together here.
  template <class Op>
  GG_NOINLINE void stream_points(int t, const Op op, int64 begin, int64 leading, int64 trailing, int64 end,
                                 Real* out) {
    const Elements<Stored, Real, One> read{};
    const Stored* const f = row(plan_.term[t].input);
    Stream<Out>& stream = streams_[plan_.term[t].output];
    stream.seek(out);
    int64 j = begin;
    for (; j < leading; ++j) stream.push(edge_value(t, f, j));
    for (; j < trailing && stream.missing(); ++j) stream.push(op.at(read, j));
    const int64 count = (trailing - j) / Words<Real>::LANES * Words<Real>::LANES;
    word_loop(op, j, count, stream.words(count));
    for (j += count; j < trailing; ++j) stream.push(op.at(read, j));
    for (; j < end; ++j) stream.push(edge_value(t, f, j));
  }

  static int64 offset(const Array& array, const int64* at) {
    int64 sum = 0;
    for (int dim = 0; dim < ROW; ++dim) sum += at[dim] * array.stride[dim];
    return sum;
  }

  const Stored* row(int k) const { return static_cast<const Stored*>(pointers_[k]) + row_[k]; }

  // How inner points are formed: by one pair, by formula (1), by formula (1) with vectors of weights, or
  // in a pass for each pair.
  enum Form { ONE_PAIR, TWO_DIFFERENCES, WEIGHTED, PASSES };

  Form form(int t) const {
    const Stencil& stencil = plan_.stencil[plan_.term[t].stencil];
    const Pairs<Real>& pairs = pairs_[t];
    if (stencil.values || has(plan_.term[t], AT_FACES)) return PASSES;
    if (stencil.dim == ROW && stencil.weights) return is_central(stencil) ? WEIGHTED : PASSES;
    if (pairs.count == 1) return ONE_PAIR;
    return pairs.count == 2 && pairs[0].b == pairs[1].a ? TWO_DIFFERENCES : PASSES;
  }

  // From a point of the term's axis to the next, in elements.
  int64 step(const Stencil& stencil, int k) const {
    return stencil.inner * plan_.array[k].stride[stencil.dim];
  }

  // Calls `with` on the operator of the inner points; f is the row's first element.
  template <class Visit>
  void visit(int t, const Stored* f, const Visit& with) const {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const int64 shift = step(stencil, term.input);
    const auto first = pairs_[t][0];
    const Stored *const a = f + first.a * shift, *const b = f + first.b * shift;
    const Form which = form(t);
    if (which == ONE_PAIR) return with(OnePair<Stored, Real>{a, b, first.weight});
    if (which == TWO_DIFFERENCES)
      return with(Two{a, b, f + pairs_[t][1].b * shift, first.weight, pairs_[t][1].weight});
    const Real* const weights = static_cast<const Real*>(stencil.weights);
    with(Weighted<Stored, Real>{a, b, b + shift, weights, weights + stencil.length * stencil.inner});
  }

  // One term of the segment [begin, end), added to or assigned to target; this and all tiles below are
  // indexed by the element of the row.
  void apply(int t, int64 begin, int64 end, Real* target) {
    const Term& term = plan_.term[t];
    const bool point = has(term, AT_POINT);
    if (!point && !term.norm && term.then < 0) return rows(t, row(term.input), begin, end, term.assign, target);
    const bool direct = term.assign && !point && !term.norm;
    Real *const value = direct ? target : value_ - begin, *const scaled = scratch_[0] - begin;
    if (term.then < 0) rows(t, row(term.input), begin, end, true, value);
    else mixed(t, begin, end, value);
    if (point) {
      const AtPoints<Stored, Real> product{row(term.coefficient), value};
      read(term.coefficient, product, term.assign || term.norm, begin, end, term.norm ? scaled : target);
    }
    if (term.norm) norm(point ? scaled : value, term.assign, begin, end, target);
    else if (!point && !direct) fill(Same<Real>{value}, One{}, term.assign, begin, end, target);
  }

  // A second stencil applied to the rows of the first.
  void mixed(int t, int64 begin, int64 end, Real* value) {
    const Term& term = plan_.term[t];
    const Stencil& then = plan_.stencil[term.then];
    const Stored* const f = row(term.input);
    const int64 shift = step(then, term.input);
    const Elements<Real, Real, One> tile{};
    Real *const a = scratch_[0] - begin, *const b = scratch_[1] - begin;
    if (!then_[t].count) fill(Same<Real>{nullptr}, tile, true, begin, end, value);
    for (int64 k = 0; k < then_[t].count; ++k) {
      const auto pair = then_[t][k];
      rows(t, f + pair.b * shift, begin, end, true, b);
      if (!then.values) rows(t, f + pair.a * shift, begin, end, true, a);
      if (then.values) fill(OneSample<Real, Real>{b, pair.weight}, tile, k == 0, begin, end, value);
      else fill(OnePair<Real, Real>{a, b, pair.weight}, tile, k == 0, begin, end, value);
    }
  }

  // The rows of a term's stencil with f as the row's first element.
  void rows(int t, const Stored* f, int64 begin, int64 end, bool assign, Real* target) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    int64 first = begin, last = end;
    if (stencil.dim == ROW) {
      first = smaller(larger(begin, stencil.leading * stencil.inner), end);
      last = larger(smaller(end, (stencil.length - stencil.trailing) * stencil.inner), first);
      edges(t, f, begin, first, assign, target);
      edges(t, f, last, end, assign, target);
    }
    if (form(t) == PASSES) return passes(t, f, first, last, assign, target);
    visit(t, f, [&](const auto& op) { read(term.input, op, assign, first, last, target); });
  }

  // Fills a segment by an operator that reads array k.
  template <class Op>
  void read(int k, const Op& op, bool assign, int64 first, int64 last, Real* target) const {
    const int64 stride = plan_.array[k].stride[ROW];
    if (stride == 1) fill(op, Elements<Stored, Real, One>{}, assign, first, last, target);
    else fill(op, Elements<Stored, Real, int64>{stride}, assign, first, last, target);
  }

  // A pass for each pair of the row, assigned, then added; a row that is added is summed apart.
  void passes(int t, const Stored* f, int64 first, int64 last, bool assign, Real* target) {
    const int64 count = pairs_[t].count;
    const bool apart = !assign && count != 1;
    Real* const sum = apart ? value_ - first : target;
    for (int64 k = 0; k < count; ++k) pass(t, k, f, (assign || apart) && k == 0, first, last, sum);
    const Real* const zero = nullptr;
    if (apart || !count) fill(Same<Real>{count ? sum : zero}, One{}, assign, first, last, target);
  }

  void pass(int t, int64 k, const Stored* f, bool assign, int64 first, int64 last, Real* sum) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const auto pair = pairs_[t][k];
    const int64 shift = step(stencil, term.input);
    const Stored *const a = f + pair.a * shift, *const b = f + pair.b * shift;
    const Real* weights = nullptr;
    if (stencil.dim == ROW && stencil.weights)
      weights = static_cast<const Real*>(stencil.weights) + k * stencil.length * stencil.inner;
    if (!weights && term.coefficient >= 0 && term.place != AT_POINT) {
      std::fill(scratch_[0], scratch_[0] + (last - first), pair.weight);
      weights = scratch_[0] - first;
    }
    if (!weights && stencil.values)
      return read(term.input, OneSample<Stored, Real>{b, pair.weight}, assign, first, last, sum);
    if (!weights) return read(term.input, OnePair<Stored, Real>{a, b, pair.weight}, assign, first, last, sum);
    const Real* const scaled = scale(term, stencil, pair, weights, first, last);
    if (stencil.values)
      return read(term.input, VaryingSample<Stored, Real>{b, weights, scaled}, assign, first, last, sum);
    read(term.input, VaryingPair<Stored, Real>{a, b, scaled}, assign, first, last, sum);
  }

  // The weights of one pair times the coefficient at its sample or at its face.
  const Real* scale(const Term& term, const Stencil& stencil, const typename Pairs<Real>::Relative& pair,
                    const Real* weights, int64 first, int64 last) {
    if (term.coefficient < 0 || term.place == AT_POINT) return weights;
    const int k = term.coefficient;
    const int64 shift = step(stencil, k);
    const Stored *const a = row(k) + pair.a * shift, *const b = row(k) + pair.b * shift;
    Real* const scaled = scratch_[1] - first;
    if (term.place == AT_FACES) read(k, AtFaces<Stored, Real>{a, b, weights}, true, first, last, scaled);
    else read(k, AtPoints<Stored, Real>{b, weights}, true, first, last, scaled);
    return scaled;
  }

  // The elements [begin, end) of edge rows of the axis in the row.
  void edges(int t, const Stored* f, int64 begin, int64 end, bool assign, Real* target) const {
    for (int64 j = begin; j < end; ++j) {
      const Real value = edge_value(t, f, j);
      target[j] = assign ? value : target[j] + value;
    }
  }

  GG_NOINLINE Real edge_value(int t, const Stored* f, int64 j) const {
    const Stencil& stencil = plan_.stencil[plan_.term[t].stencil];
    const int64 inner = stencil.inner, point = inner == 1 ? j : j / inner;  // dividing takes long
    const int64 edge = edge_of(stencil, point), begin = stencil.start[edge];
    Real sum = 0;
    for (int64 k = begin; k < stencil.start[edge + 1]; ++k) {
      const Pair& pair = stencil.pair[k];
      const int64 from = (pair.a - point) * inner + j, to = (pair.b - point) * inner + j;
      const Real value = pair_at(plan_.term[t], stencil.values, f, from, to, static_cast<Real>(pair.weight));
      sum = k == begin ? value : sum + value;
    }
    return sum;
  }

  // One pair of an edge row, between elements a and b of the row.
  Real pair_at(const Term& term, int values, const Stored* f, int64 a, int64 b, Real weight) const {
    const int64 stride = plan_.array[term.input].stride[ROW];
    Real scaled = weight;
    if (term.coefficient >= 0 && term.place != AT_POINT) {
      const Stored* const c = row(term.coefficient);
      const int64 c_stride = plan_.array[term.coefficient].stride[ROW];
      scaled = weight * (term.place == AT_FACES ? face_mean<Real>(c[a * c_stride], c[b * c_stride])
                                                : load<Real>(c[b * c_stride]));
    }
    return values ? sample_value(weight, scaled, f[b * stride])
                  : pair_value(scaled, f[b * stride], f[a * stride]);
  }

  const Descriptor& plan_;
  void* const* const pointers_;
  const bool stream_;
  int64 row_[MAX_ARRAYS];  // element offset of the current row in each array
  Pairs<Real> pairs_[MAX_TERMS], then_[MAX_TERMS];  // of the current row
  Stream<Out> streams_[MAX_ARRAYS];
  alignas(64) Real tile_[TILE], value_[TILE], scratch_[2][TILE];
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
