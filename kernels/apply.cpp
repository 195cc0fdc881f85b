// The host loops: rows of the fastest dim, blocked for the caches; compiled once per CPU level.
#include <memory>
#include <type_traits>
#include <vector>

#include "rows.h"
#include "stream.h"
#include "sum.h"
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

  struct Tile {
    alignas(64) Real value[TILE];
  };

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

  // How the inner points of a row are formed: by one pair, by formula (1), by formula (1) with vectors
  // of weights; or as a sum of many.
  enum Form { ONE_PAIR, TWO_DIFFERENCES, WEIGHTED, SUM };

  Form form_of(int t) const {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const Pairs<Real>& pairs = pairs_[t];
    if (stencil.values || (term.coefficient >= 0 && term.place != AT_POINT)) return SUM;
    if (pairs.weights) return is_central(stencil) ? WEIGHTED : SUM;
    if (pairs.count == 1) return ONE_PAIR;
    return pairs.count == 2 && pairs[0].b == pairs[1].a ? TWO_DIFFERENCES : SUM;
  }

  // One segment [begin, end) of a row, for every output.
  void tile(int64 begin, int64 end) {
    for (int t = 0, next = 0; t < plan_.terms; t = next) {
      const Term& term = plan_.term[t];
      const int k = plan_.inputs + term.output;
      const int64 stride = plan_.array[k].stride[ROW];
      Out* const out = static_cast<Out*>(pointers_[k]) + row_[k] + begin * stride;
      for (next = t + 1; next < plan_.terms && plan_.term[next].output == term.output;) ++next;
      const bool alone = next == t + 1 && !has(term, AT_POINT) && term.then < 0 && !term.norm;
      if constexpr (NATIVE) {
        if (alone && stream_ && stride == 1 && plan_.array[term.input].stride[ROW] == 1 &&
            form_of(t) != SUM) {
          stream_row(t, begin, end, out);
          continue;
        }
      }
      Real* const target = in_place(out, stride);
      if (alone) rows(t, row(term.input), begin, end, target);
      else sum(t, next, begin, end, target);
      if (target == tile_) store(term.output, out, stride, end - begin);
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
    visit(t, form_of(t), row(term.input),
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

  // The terms [t, next) of an output at the elements [begin, end) of the row.
  void sum(int t, int next, int64 begin, int64 end, Real* target) {
    used_ = 0;
    parts_.clear();
    for (; t < next; ++t) {
      const Term& term = plan_.term[t];
      const std::size_t first = parts_.size();
      if (term.then >= 0) mix(t, begin, end);
      else if (plan_.stencil[term.stencil].dim != ROW) add_pairs(t, row(term.input), begin, end, parts_);
      else parts_.push_back(one_row(t, row(term.input), begin, end));
      parts_[first].first = true;
      Part<Real>& last = parts_.back();
      last.join = term.norm ? (term.assign ? MAGNITUDE : NORM) : term.assign ? ASSIGN : ADD;
      if (has(term, AT_POINT)) last.factor = operand(term.coefficient, begin, end - begin);
    }
    sum_parts(parts_, end - begin, target);
  }

  // A second stencil's pairs of the rows of the first.
  void mix(int t, int64 begin, int64 end) {
    const Term& term = plan_.term[t];
    const Stencil& then = plan_.stencil[term.then];
    const int64 shift = step(then, term.input);
    for (int64 k = 0; k < then_[t].count; ++k) {
      const auto pair = then_[t][k];
      Part<Real> part = one_row(t, row(term.input) + pair.b * shift, begin, end);
      part.weight = pair.weight;
      part.selects = then.values && pair.weight == 0;
      if (!then.values) part.a = one_row(t, row(term.input) + pair.a * shift, begin, end).b;
      parts_.push_back(part);
    }
    if (!then_[t].count) parts_.push_back(zeros());
  }

  // The rows of a term's stencil in a tile of their own.
  Part<Real> one_row(int t, const Stored* f, int64 begin, int64 end) {
    Part<Real> part{};
    Real* const values = take_tile();
    rows(t, f, begin, end, values);
    part.b = values;
    part.weight = 1;
    return part;
  }

  Part<Real> zeros() {
    Part<Real> part{};
    Real* const values = take_tile();
    std::memset(values, 0, sizeof(Tile));
    part.b = values;
    return part;
  }

  // The rows of a term's stencil; f is the first element of the array's row.
  void rows(int t, const Stored* f, int64 begin, int64 end, Real* target) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const int64 stride = plan_.array[term.input].stride[ROW];
    int64 first = begin, last = end;
    if (stencil.dim == ROW) {
      first = smaller(larger(begin, stencil.leading * stencil.inner), end);
      last = larger(smaller(end, (stencil.length - stencil.trailing) * stencil.inner), first);
      for (int64 j = begin; j < first; ++j) target[j - begin] = edge_value(t, f, j);
      for (int64 j = last; j < end; ++j) target[j - begin] = edge_value(t, f, j);
    }
    const Form form = form_of(t);
    if (form == SUM) return sum_row(t, f, first, last, target + (first - begin));
    visit(t, form, f, [&](const auto& op) { fill(op, stride, first, last, target - begin); });
  }

  template <class Op>
  static void fill(const Op& op, int64 stride, int64 first, int64 last, Real* target) {
    if (stride == 1) loop(op, Elements<Stored, Real, One>{}, first, last, target);
    else loop(op, Elements<Stored, Real, int64>{stride}, first, last, target);
  }

  void sum_row(int t, const Stored* f, int64 begin, int64 end, Real* target) {
    const std::size_t used = used_;
    row_parts_.clear();
    add_pairs(t, f, begin, end, row_parts_);
    row_parts_.front().first = true;
    row_parts_.back().join = ASSIGN;
    sum_parts(row_parts_, end - begin, target);
    used_ = used;
  }

  // The pairs of a row of the interior, or of any row of an axis across the array's rows.
  void add_pairs(int t, const Stored* f, int64 begin, int64 end, std::vector<Part<Real>>& parts) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const Pairs<Real>& pairs = pairs_[t];
    const int64 stride = plan_.array[term.input].stride[ROW], shift = step(stencil, term.input);
    f += begin * stride;
    for (int64 k = 0; k < pairs.count; ++k) {
      const auto pair = pairs[k];
      Part<Real> part{};
      part.weight = pair.weight;
      part.weights = pairs.weights ? pairs.weights + k * plan_.length[ROW] + begin : nullptr;
      part.selects = stencil.values && (part.weights || part.weight == 0);
      if (stencil.values) part.b = operand(f + pair.b * shift, stride, end - begin);
      else set_difference(f + pair.a * shift, f + pair.b * shift, stride, end - begin, part);
      const int64 ahead = term.coefficient < 0 ? 0 : step(stencil, term.coefficient);
      if (has(term, AT_FACES)) part.c_a = operand(term.coefficient, begin, end - begin, pair.a * ahead);
      if (has(term, AT_FACES) || has(term, AT_SAMPLES))
        part.c_b = operand(term.coefficient, begin, end - begin, pair.b * ahead);
      parts.push_back(part);
    }
    if (!pairs.count) parts.push_back(zeros());
  }

  // A row of numbers of the arithmetic type: where it is, or in a tile.
  const Real* operand(const Stored* f, int64 stride, int64 count) {
    if constexpr (std::is_same_v<Stored, Real>)
      if (stride == 1) return f;
    Real* const values = take_tile();
    fetch(f, stride, count, values);
    return values;
  }

  const Real* operand(int k, int64 begin, int64 count, int64 ahead = 0) {
    const int64 stride = plan_.array[k].stride[ROW];
    return operand(row(k) + ahead + begin * stride, stride, count);
  }

  void set_difference(const Stored* a, const Stored* b, int64 stride, int64 count, Part<Real>& part) {
    if constexpr (std::is_same_v<Stored, Real>) {
      part.a = operand(a, stride, count);
      part.b = operand(b, stride, count);
    } else {
      Real* const values = take_tile();
      fill(OnePair<Stored, Real>{a, b, 1}, stride, 0, count, values);
      part.b = values;
    }
  }

  Real* take_tile() {
    if (used_ == tiles_.size()) tiles_.push_back(std::make_unique<Tile>());
    return tiles_[used_++]->value;
  }

  // An edge row of the axis in the row, at element j.
  GG_NOINLINE Real edge_value(int t, const Stored* f, int64 j) const {
    const Stencil& stencil = plan_.stencil[plan_.term[t].stencil];
    const int64 inner = stencil.inner, point = inner == 1 ? j : j / inner;  // dividing takes long
    const int64 edge = edge_of(stencil, point), begin = stencil.start[edge];
    Real sum = 0;
    for (int64 k = begin; k < stencil.start[edge + 1]; ++k) {
      const Pair& pair = stencil.pair[k];
      const int64 a = (pair.a - point) * inner + j, b = (pair.b - point) * inner + j;
      const Real value = edge_pair(plan_.term[t], stencil.values, f, a, b, static_cast<Real>(pair.weight));
      sum = k == begin ? value : sum + value;
    }
    return sum;
  }

  // Its pair of the elements a and b.
  Real edge_pair(const Term& term, int values, const Stored* f, int64 a, int64 b, Real weight) const {
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
  int64 row_[MAX_ARRAYS];                           // element offset of the current row in each array
  Pairs<Real> pairs_[MAX_TERMS], then_[MAX_TERMS];  // of the current row
  Stream<Out> streams_[MAX_ARRAYS];
  alignas(64) Real tile_[TILE];
  std::vector<Part<Real>> parts_, row_parts_;  // of a sum, and of one row of it
  std::vector<std::unique_ptr<Tile>> tiles_;   // rows made for a sum; the first used_ are taken
  std::size_t used_ = 0;
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
