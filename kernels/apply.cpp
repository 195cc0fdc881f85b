// The host loops: rows of the fastest dim, blocked for the caches; compiled once per CPU level.
#include <type_traits>

#include "block.h"
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
  typedef Block<Real, typename Words<Real>::Word, 4> Wide;
  typedef Block<Real, typename Words<Real>::Word, 1> Narrow;
  typedef Block<Real, Real, 1> Single;
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

  // How an output of one term is formed: by one pair, by formula (1), by formula (1) with vectors of
  // weights; or, like an output of several terms, as a sum of blocks.
  enum Form { ONE_PAIR, TWO_DIFFERENCES, WEIGHTED, SUM };

  Form form_of(int t) const {
    const Term& term = plan_.term[t];
    const Pairs<Real>& pairs = pairs_[t];
    if (plan_.stencil[term.stencil].values || term.coefficient >= 0 || term.then >= 0 || term.norm)
      return SUM;
    if (pairs.weights) return is_central(plan_.stencil[term.stencil]) ? WEIGHTED : SUM;
    if (pairs.count == 1) return ONE_PAIR;
    return pairs.count == 2 && pairs[0].b == pairs[1].a ? TWO_DIFFERENCES : SUM;
  }

  // One segment [begin, end) of a row, for every output.
  void tile(int64 begin, int64 end) {
    for (int t = 0, next = 0; t < plan_.terms; t = next) {
      const int output = plan_.term[t].output, k = plan_.inputs + output;
      const int64 stride = plan_.array[k].stride[ROW];
      Out* const out = static_cast<Out*>(pointers_[k]) + row_[k] + begin * stride;
      for (next = t + 1; next < plan_.terms && plan_.term[next].output == output;) ++next;
      const Form form = next == t + 1 ? form_of(t) : SUM;
      if constexpr (NATIVE) {
        if (form != SUM && stream_ && stride == 1 && plan_.array[plan_.term[t].input].stride[ROW] == 1) {
          stream_row(t, form, begin, end, out);
          continue;
        }
      }
      Real* const target = in_place(out, stride);
      if (form == SUM) sum(t, next, begin, end, target - begin);
      else apply(t, form, begin, end, target - begin);
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
  void stream_row(int t, Form form, int64 begin, int64 end, Real* out) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const bool edged = stencil.dim == ROW;
    const int64 leading = edged ? smaller(stencil.leading * stencil.inner, end) : begin;
    const int64 trailing =
        edged ? larger(begin, smaller(end, (stencil.length - stencil.trailing) * stencil.inner)) : end;
    visit(t, form, row(term.input),
          [&](const auto& op) { stream_points(t, op, begin, leading, trailing, end, out); });
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
    for (; j < leading; ++j) stream.push(element(t, f, j));
    for (; j < trailing && stream.missing(); ++j) stream.push(op.at(read, j));
    const int64 count = (trailing - j) / Words<Real>::LANES * Words<Real>::LANES;
    word_loop(op, j, count, stream.words(count));
    for (j += count; j < trailing; ++j) stream.push(op.at(read, j));
    for (; j < end; ++j) stream.push(element(t, f, j));
  }

  static int64 offset(const Array& array, const int64* at) {
    int64 sum = 0;
    for (int dim = 0; dim < ROW; ++dim) sum += at[dim] * array.stride[dim];
    return sum;
  }

  const Stored* row(int k) const { return static_cast<const Stored*>(pointers_[k]) + row_[k]; }

  // From a point of the term's axis to the next, in elements.
  int64 step(const Stencil& stencil, int k) const {
    return stencil.inner * plan_.array[k].stride[stencil.dim];
  }

  // Calls `with` on the operator of the inner points; f is the row's first element.
  template <class Visit>
  void visit(int t, Form form, const Stored* f, const Visit& with) const {
    const Pairs<Real>& pairs = pairs_[t];
    const int64 shift = step(plan_.stencil[plan_.term[t].stencil], plan_.term[t].input);
    const auto first = pairs[0];
    const Stored *const a = f + first.a * shift, *const b = f + first.b * shift;
    if (form == ONE_PAIR) return with(OnePair<Stored, Real>{a, b, first.weight});
    if (form == WEIGHTED)
      return with(Weighted<Stored, Real>{a, b, b + shift, pairs.weights, pairs.weights + plan_.length[ROW]});
    const auto second = pairs[1];
    with(Two{a, b, f + second.b * shift, first.weight, second.weight});
  }

  // A term alone in its output, at the elements [begin, end) of the row; here and below target[j] is
  // that of element j.
  void apply(int t, Form form, int64 begin, int64 end, Real* target) {
    const Term& term = plan_.term[t];
    const int64 stride = plan_.array[term.input].stride[ROW];
    const Stored* const f = row(term.input);
    int64 first = begin, last = end;
    inner_elements(t, first, last);
    for (int64 j = begin; j < first; ++j) target[j] = element(t, f, j);
    for (int64 j = last; j < end; ++j) target[j] = element(t, f, j);
    visit(t, form, f, [&](const auto& op) {
      if (stride == 1) loop(op, Elements<Stored, Real, One>{}, first, last, target);
      else loop(op, Elements<Stored, Real, int64>{stride}, first, last, target);
    });
  }

  // Leaves of [first, last) the elements whose rows are not data of an axis in the row.
  void inner_elements(int t, int64& first, int64& last) const {
    const Stencil& stencil = plan_.stencil[plan_.term[t].stencil];
    if (stencil.dim != ROW) return;
    first = smaller(larger(first, stencil.leading * stencil.inner), last);
    last = larger(smaller(last, (stencil.length - stencil.trailing) * stencil.inner), first);
  }

  // The terms [t, next) of an output.
  void sum(int t, int next, int64 begin, int64 end, Real* target) {
    int64 first = begin, last = end;
    for (int k = t; k < next; ++k) inner_elements(k, first, last);
    for (int64 j = begin; j < first; ++j) block<Single>(t, next, j, target);
    int64 j = first;
    for (; j + Wide::SIZE <= last; j += Wide::SIZE) block<Wide>(t, next, j, target);
    if (last - first >= Narrow::SIZE) {  // the last one may overlap the one before
      for (; j < last; j += Narrow::SIZE) block<Narrow>(t, next, smaller(j, last - Narrow::SIZE), target);
      j = last;
    }
    for (; j < end; ++j) block<Single>(t, next, j, target);
  }

  template <class B>
  GG_NOINLINE void block(int t, int next, int64 j, Real* target) const {
    B sum, value;
    for (; t < next; ++t) {
      const Term& term = plan_.term[t];
      if (term.then < 0) row_values(t, row(term.input), j, value);
      else mixed(t, j, value);
      if (has(term, AT_POINT)) value = value * coefficient<B>(term, j);
      if (term.norm) join_norm(sum, value, term.assign, Real());
      else sum = term.assign ? value : sum + value;
    }
    sum.write(target + j);
  }

  // The coefficient of a term at the elements from j on.
  template <class B>
  B coefficient(const Term& term, int64 j) const {
    const int64 stride = plan_.array[term.coefficient].stride[ROW];
    return samples<B, Real>(row(term.coefficient) + j * stride, stride);
  }

  // A second stencil applied to the rows of the first.
  template <class B>
  void mixed(int t, int64 j, B& sum) const {
    const Term& term = plan_.term[t];
    const Stencil& then = plan_.stencil[term.then];
    const int64 shift = step(then, term.input);
    B value, before;
    sum = B::all(0);
    for (int64 k = 0; k < then_[t].count; ++k) {
      const auto pair = then_[t][k];
      row_values(t, row(term.input) + pair.b * shift, j, value);
      if (then.values) {
        value = pair.weight == 0 ? B::all(0) : B::all(pair.weight) * value;
      } else {
        row_values(t, row(term.input) + pair.a * shift, j, before);
        value = B::all(pair.weight) * (value - before);
      }
      sum = k == 0 ? value : sum + value;
    }
  }

  // The rows of a term's stencil at the elements from j on; f is the row's first element. The rows are
  // the same for all, or it is one element.
  template <class B>
  GG_NOINLINE void row_values(int t, const Stored* f, int64 j, B& sum) const {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    if constexpr (B::SIZE == 1) {
      const int64 point = stencil.inner == 1 ? j : j / stencil.inner;  // dividing takes long
      if (stencil.dim == ROW && edge_of(stencil, point) >= 0)
        return sum_pairs(term, stencil, pairs_at<Real>(stencil, point, false), f, j, sum);
    }
    sum_pairs(term, stencil, pairs_[t], f, j, sum);
  }

  template <class B>
  void sum_pairs(const Term& term, const Stencil& stencil, const Pairs<Real>& pairs, const Stored* f, int64 j,
                 B& sum) const {
    const int64 stride = plan_.array[term.input].stride[ROW], shift = step(stencil, term.input);
    const Real* const weights = pairs.weights + j;
    f += j * stride;
    sum = B::all(0);
    if (pairs.weights && is_central(stencil) && !has(term, AT_FACES)) {
      const B lower = B::read(weights), upper = B::read(weights + plan_.length[ROW]);
      const B wide = lower * differences<B, Real>(f - shift, f + shift, stride);
      const B split = lower * differences<B, Real>(f - shift, f, stride) +
                      upper * differences<B, Real>(f, f + shift, stride);
      sum = B::choose(lower, upper, wide, split);
      return;
    }
    for (int64 k = 0; k < pairs.count; ++k) {
      const auto pair = pairs[k];
      const B weight = pairs.weights ? B::read(weights + k * plan_.length[ROW]) : B::all(pair.weight);
      B value = weight;
      if (term.coefficient >= 0 && term.place != AT_POINT)
        value = value * coefficients<B>(term, stencil, pair, j);
      if (stencil.values)
        value = B::choose(weight, B::all(0), B::all(0), value * samples<B, Real>(f + pair.b * shift, stride));
      else value = value * differences<B, Real>(f + pair.a * shift, f + pair.b * shift, stride);
      sum = k == 0 ? value : sum + value;
    }
  }

  // The coefficient at the samples of a pair, or its mean at the faces.
  template <class B>
  B coefficients(const Term& term, const Stencil& stencil, const typename Pairs<Real>::Relative& pair,
                 int64 j) const {
    const int64 stride = plan_.array[term.coefficient].stride[ROW], shift = step(stencil, term.coefficient);
    const Stored* const c = row(term.coefficient) + j * stride;
    const B to = samples<B, Real>(c + pair.b * shift, stride);
    if (term.place == AT_SAMPLES) return to;
    return (samples<B, Real>(c + pair.a * shift, stride) + to) * B::all(Real(0.5));
  }

  Real element(int t, const Stored* f, int64 j) const {
    Single value;
    row_values(t, f, j, value);
    return value.word[0];
  }

  const Descriptor& plan_;
  void* const* const pointers_;
  const bool stream_;
  int64 row_[MAX_ARRAYS];                           // element offset of the current row in each array
  Pairs<Real> pairs_[MAX_TERMS], then_[MAX_TERMS];  // of the current row
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
