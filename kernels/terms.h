// The terms of a plan at one row of its arrays.
#ifndef GRIDGRAD_TERMS_H
#define GRIDGRAD_TERMS_H

#include <type_traits>
#include <vector>

#include "rows.h"
#include "sum.h"

namespace gridgrad {
namespace {

const int SLOW = ROW - 2, MIDDLE = ROW - 1;  // the dims next to the row

inline bool has(const Term& term, Place place) { return term.coefficient >= 0 && term.place == place; }

// How the inner points of a row are formed: by one pair, by formula (1), by formula (1) with vectors of
// weights; or as a sum of many.
enum Form { ONE_PAIR, TWO_DIFFERENCES, WEIGHTED, SUM };

template <class Stored, class Real>
class Terms {
 public:
  Terms(const Descriptor& plan, void* const* pointers) : plan_(plan), pointers_(pointers) {
    for (int t = 0; t < plan.terms; ++t) pairs_[t].uniform = pairs_[t].filled = then_[t].filled = false;
  }

  // Goes to a row: `at` is its place in all slower dims.
  void go_to(const int64* at) {
    at_ = at[MIDDLE];
    for (int k = 0; k < plan_.inputs + plan_.outputs; ++k) {
      plane_[k] = 0;
      for (int dim = 0; dim < MIDDLE; ++dim) plane_[k] += at[dim] * plan_.array[k].stride[dim];
    }
    for (int t = 0; t < plan_.terms; ++t) locate(t, at);
  }

  // Goes on to another row of the same plane.
  void go_on_to(const int64* at) {
    at_ = at[MIDDLE];
    for (int t = 0; t < plan_.terms; ++t)
      if (moves(plan_.term[t])) locate(t, at);
  }

  // How many rows from this one on, before row `last` of the plane, have the same pairs and follow each
  // other in memory, within a tile: they are taken for one long row, except along the row.
  int64 rows_alike(int64 last) const {
    if (2 * plan_.length[ROW] > TILE) return 1;
    for (int k = 0; k < plan_.inputs + plan_.outputs; ++k)
      if (plan_.array[k].stride[MIDDLE] != plan_.length[ROW] * plan_.array[k].stride[ROW]) return 1;
    int64 end = smaller(last, at_ + TILE / plan_.length[ROW]);
    for (int t = 0; t < plan_.terms; ++t) {
      const Term& term = plan_.term[t];
      limit(plan_.stencil[term.stencil], pairs_[t], end);
      if (term.then >= 0) limit(plan_.stencil[term.then], then_[t], end);
    }
    return end - at_;
  }

  // Of the row's first element in array k.
  int64 offset(int k) const { return plane_[k] + at_ * plan_.array[k].stride[MIDDLE]; }
  Form form(int t) const { return forms_[t]; }
  const Stored* row(int k) const { return static_cast<const Stored*>(pointers_[k]) + offset(k); }

  // Leaves of [first, last) the elements whose rows are not data of an axis in the row.
  GG_INLINE void inner_elements(int t, int64& first, int64& last) const {
    const Stencil& stencil = stencil_of(t);
    if (stencil.dim != ROW) return;
    first = smaller(larger(first, stencil.leading * stencil.inner), last);
    last = larger(smaller(last, (stencil.length - stencil.trailing) * stencil.inner), first);
  }

  // Calls `with` on the operator of the inner points; f is the row's first element.
  template <class Visit>
  void visit(int t, const Stored* f, const Visit& with) const {
    const Pairs<Real>& pairs = pairs_[t];
    const int64 shift = step(plan_.stencil[plan_.term[t].stencil], plan_.term[t].input);
    const Stored *const a = f + pairs.a(0) * shift, *const b = f + pairs.b(0) * shift;
    if (forms_[t] == ONE_PAIR) return with(OnePair<Stored, Real>{a, b, pairs.weight(0)});
    if (forms_[t] == WEIGHTED)
      return with(Weighted<Stored, Real>{a, b, b + shift, pairs.weights, pairs.weights + plan_.length[ROW]});
    const Stored* const c = f + pairs.b(1) * shift;
    with(TwoDifferences<Stored, Real>{a, b, c, pairs.weight(0), pairs.weight(1)});
  }

  // The terms [t, next) of an output at the elements [begin, end) of the row, or of all rows alike.
  void sum(int t, int next, int64 begin, int64 end, Real* target) {
    if (sum_around(t, next, begin, end, target)) return;
    tiles_.release(0);
    parts_.clear();
    if (!plan_.term[t].assign) add_held(plan_.inputs + plan_.term[t].output, begin, end);
    for (; t < next; ++t) {
      const Term& term = plan_.term[t];
      if (term.then >= 0) mix(t, begin, end);
      else if (stencil_of(t).dim == ROW) add_row(t, row(term.input), begin, end);
      else add_pairs(t, row(term.input), begin, end, parts_);
      Part<Real>& part = parts_.back();
      part.join = !term.norm ? ADD : term.assign ? MAGNITUDE : NORM;
      if (has(term, AT_POINT)) part.factor = operand(term.coefficient, begin, end - begin);
    }
    sum_parts(parts_, end - begin, target);
  }

  // The rows of a term's stencil; f is the first element of the array's row.
  void rows(int t, const Stored* f, int64 begin, int64 end, Real* target) {
    const int64 stride = plan_.array[plan_.term[t].input].stride[ROW];
    int64 first = begin, last = end;
    if (end > plan_.length[ROW] && stencil_of(t).dim == ROW) return rows_apart(t, f, end, target);
    inner_elements(t, first, last);
    if (forms_[t] == SUM) sum_row(t, f, first, last, target + (first - begin));
    else visit(t, f, [&](const auto& op) { fill(op, stride, first, last, target - begin); });
    for (int64 j = begin; j < first; ++j) target[j - begin] = edge_value(t, f, j);
    for (int64 j = last; j < end; ++j) target[j - begin] = edge_value(t, f, j);
  }

  // An edge row of the axis in the row, at element j.
  GG_NOINLINE Real edge_value(int t, const Stored* f, int64 j) const {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const int64 point = point_of(stencil, j), shift = step(stencil, term.input),
                edge = edge_of(stencil, point);
    const Pair *pair = stencil.pair + stencil.start[edge], *const last =
                                                               stencil.pair + stencil.start[edge + 1];
    const bool plain = term.coefficient < 0 || term.place == AT_POINT;
    Real sum = 0;
    f += j * plan_.array[term.input].stride[ROW] - point * shift;
    for (bool first = true; pair != last; ++pair, first = false) {
      const Real weight = static_cast<Real>(pair->weight);
      const Stored* const b = f + pair->b * shift;
      const Real value = !plain           ? edge_pair(term, stencil, *pair, f, j, weight)
                         : stencil.values ? sample_value(weight, weight, *b)
                                          : pair_value(weight, *b, f[pair->a * shift]);
      sum = first ? value : sum + value;
    }
    return sum;
  }

 private:
  // The same where all terms are formula (1) around the same points and in memory as they are; else false.
  bool sum_around(int t, int next, int64 begin, int64 end, Real* target) {
    if constexpr (!std::is_same_v<Stored, Real>) return false;
    else {
      int64 leading = 0, trailing = 0;
      if (next - t > STAR_AXES || !are_around(t, next, leading, trailing)) return false;
      const int64 length = plan_.length[ROW], rows = larger(end / length, 1),
                  ahead = plan_.array[plan_.term[t].input].stride[MIDDLE];
      const int64 first = larger(begin, leading),
                  last = rows > 1 ? end - trailing : smaller(end, length - trailing);
      if (last - first < Words<Real>::LANES) return false;
      const Stored* const f = row(plan_.term[t].input);
      const Star<Real> star = star_at(t, next, f + first);
      Real* const inner = target + (first - begin);
      if (star.axes == 2) sum_star<2>(star, last - first, inner);
      else sum_star<3>(star, last - first, inner);
      for (int64 k = 0; k < rows; ++k) {
        Real* const line = target + k * length - begin;
        for (int64 j = begin; j < first; ++j) line[j] = value_around(t, next, f + k * ahead, j);
        for (int64 j = larger(length - trailing, begin); j < smaller(end, length); ++j)
          line[j] = value_around(t, next, f + k * ahead, j);
      }
      return true;
    }
  }

  // Whether the terms [t, next) are; and how many elements at each end of the row are not.
  bool are_around(int t, int next, int64& leading, int64& trailing) const {
    const int input = plan_.term[t].input;
    if (next - t < 2 || !plan_.term[t].assign || plan_.array[input].stride[ROW] != 1) return false;
    for (; t < next; ++t) {
      const Term& term = plan_.term[t];
      const Stencil& stencil = stencil_of(t);
      if (term.input != input || term.coefficient >= 0 || term.then >= 0 || term.norm) return false;
      if (forms_[t] != TWO_DIFFERENCES || pairs_[t].b(0) != 0) return false;
      if (stencil.dim != ROW) continue;
      if (leading) return false;
      leading = stencil.leading * stencil.inner;
      trailing = stencil.trailing * stencil.inner;
    }
    return true;
  }

  Star<Real> star_at(int t, int next, const Real* centre) const {
    Star<Real> star;
    star.centre = centre;
    for (; t < next; ++t) {
      const int64 shift = step(stencil_of(t), plan_.term[t].input);
      star.below[star.axes] = centre + pairs_[t].a(0) * shift;
      star.above[star.axes] = centre + pairs_[t].b(1) * shift;
      star.lower[star.axes] = pairs_[t].weight(0);
      star.upper[star.axes++] = pairs_[t].weight(1);
    }
    return star;
  }

  // At element j, where an axis in the row has a row of its own.
  GG_NOINLINE Real value_around(int t, int next, const Stored* f, int64 j) const {
    Real sum = Real(-0.0);
    for (; t < next; ++t) {
      const Pairs<Real>& pairs = pairs_[t];
      const int64 shift = step(stencil_of(t), plan_.term[t].input);
      const Stored* const c = f + j;
      sum = sum + (stencil_of(t).dim == ROW
                       ? edge_value(t, f, j)
                       : two_differences(pairs.weight(0), pairs.weight(1), c[pairs.a(0) * shift], *c,
                                         c[pairs.b(1) * shift]));
    }
    return sum;
  }

  const Stencil& stencil_of(int t) const { return plan_.stencil[plan_.term[t].stencil]; }

  // Lowers `end` to where the pairs of an axis across the rows of a plane are no longer those of this row.
  void limit(const Stencil& stencil, const Pairs<Real>& pairs, int64& end) const {
    if (stencil.dim == MIDDLE)
      end = pairs.uniform ? smaller(end, stencil.length - stencil.trailing) : at_ + 1;
  }

  bool moves(const Term& term) const {
    return plan_.stencil[term.stencil].dim == MIDDLE ||
           (term.then >= 0 && plan_.stencil[term.then].dim == MIDDLE);
  }

  // The rows of a term's stencils at this point.
  void locate(int t, const int64* at) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const bool faces = has(term, AT_FACES);
    if (stencil.dim == ROW) set_inner_pairs(stencil, 0, faces, pairs_[t]);
    else if (!pairs_[t].uniform || edge_of(stencil, at[stencil.dim]) >= 0)
      set_pairs(stencil, at[stencil.dim], faces, pairs_[t]);
    forms_[t] = form_of(term, stencil, pairs_[t]);
    if (term.then < 0) return;
    const Stencil& then = plan_.stencil[term.then];
    set_pairs(then, at[then.dim], false, then_[t]);
  }

  static Form form_of(const Term& term, const Stencil& stencil, const Pairs<Real>& pairs) {
    if (stencil.values || stencil.selects || has(term, AT_FACES) || has(term, AT_SAMPLES)) return SUM;
    if (pairs.weights) return is_central(stencil) ? WEIGHTED : SUM;
    if (pairs.count == 1) return ONE_PAIR;
    return pairs.count == 2 && pairs.b(0) == pairs.a(1) ? TWO_DIFFERENCES : SUM;
  }

  // From a point of the term's axis to the next, in elements.
  int64 step(const Stencil& stencil, int k) const {
    return stencil.inner * plan_.array[k].stride[stencil.dim];
  }

  // The point of an element of an axis in the row. Dividing takes long: compilers must not see that
  // j is j / 1.
  static int64 point_of(const Stencil& stencil, int64 j) { return stencil.inner > 1 ? j / stencil.inner : j; }

  // An axis in the row ends in each of the rows that are alike.
  void rows_apart(int t, const Stored* f, int64 end, Real* target) {
    const int64 length = plan_.length[ROW], ahead = plan_.array[plan_.term[t].input].stride[MIDDLE],
                here = at_;
    for (int64 j = 0; j < end; j += length, ++at_) rows(t, f + (at_ - here) * ahead, 0, length, target + j);
    at_ = here;
  }

  // A second stencil's pairs of the rows of the first.
  void mix(int t, int64 begin, int64 end) {
    const Term& term = plan_.term[t];
    const Stencil& then = plan_.stencil[term.then];
    const Pairs<Real>& pairs = then_[t];
    const int64 shift = step(then, term.input);
    for (int64 k = 0; k < pairs.count; ++k) {
      Part<Real>& part = add_row(t, row(term.input) + pairs.b(k) * shift, begin, end);
      part.weight = pairs.weight(k);
      part.selects = then.values && part.weight == 0;
      if (!then.values) part.a = one_row(t, row(term.input) + pairs.a(k) * shift, begin, end);
    }
    if (!pairs.count) add_zeros(parts_);
  }

  // The rows of a term's stencil in a tile of their own.
  const Real* one_row(int t, const Stored* f, int64 begin, int64 end) {
    Real* const values = tiles_.take();
    rows(t, f, begin, end, values);
    return values;
  }

  Part<Real>& add_row(int t, const Stored* f, int64 begin, int64 end) {
    const Real* const values = one_row(t, f, begin, end);
    Part<Real>& part = parts_.emplace_back();
    part.b = values;
    part.weight = 1;
    return part;
  }

  // What output k holds, of the arithmetic type; a copy, as the sum is written where it is read.
  void add_held(int k, int64 begin, int64 end) {
    const int64 stride = plan_.array[k].stride[ROW];
    const Real* const held = static_cast<const Real*>(pointers_[k]) + offset(k) + begin * stride;
    Real* const values = tiles_.take();
    fetch(held, stride, end - begin, values);
    Part<Real>& part = parts_.emplace_back();
    part.b = values;
    part.weight = 1;
    part.join = ADD;
  }

  void add_zeros(std::vector<Part<Real>>& parts) {
    Real* const values = tiles_.take();
    std::memset(values, 0, sizeof(Real) * TILE);
    parts.emplace_back().b = values;
  }

  template <class Op>
  static void fill(const Op& op, int64 stride, int64 first, int64 last, Real* target) {
    if (stride == 1) loop(op, Elements<Stored, Real, One>{}, first, last, target);
    else loop(op, Elements<Stored, Real, int64>{stride}, first, last, target);
  }

  void sum_row(int t, const Stored* f, int64 begin, int64 end, Real* target) {
    const std::size_t used = tiles_.used();
    row_parts_.clear();
    add_pairs(t, f, begin, end, row_parts_);
    row_parts_.back().join = ADD;
    sum_parts(row_parts_, end - begin, target);
    tiles_.release(used);
  }

  // The pairs of a row of the interior, or of any row of an axis across the array's rows.
  void add_pairs(int t, const Stored* f, int64 begin, int64 end, std::vector<Part<Real>>& parts) {
    const Term& term = plan_.term[t];
    const Stencil& stencil = plan_.stencil[term.stencil];
    const Pairs<Real>& pairs = pairs_[t];
    const int64 stride = plan_.array[term.input].stride[ROW], shift = step(stencil, term.input);
    f += begin * stride;
    for (int64 k = 0; k < pairs.count; ++k) {
      Part<Real>& part = parts.emplace_back();
      part.weight = pairs.weight(k);
      if (pairs.weights) part.weights = pairs.weights + k * plan_.length[ROW] + begin;
      part.selects = (stencil.values || stencil.selects) && (part.weights || part.weight == 0);
      if (stencil.values) part.b = operand(f + pairs.b(k) * shift, stride, end - begin);
      else set_difference(f + pairs.a(k) * shift, f + pairs.b(k) * shift, stride, end - begin, part);
      if (term.coefficient < 0 || term.place == AT_POINT) continue;
      const int64 ahead = step(stencil, term.coefficient);
      if (term.place == AT_FACES)
        part.c_a = operand(term.coefficient, begin, end - begin, pairs.a(k) * ahead);
      part.c_b = operand(term.coefficient, begin, end - begin, pairs.b(k) * ahead);
    }
    if (pairs.count) return;
    add_zeros(parts);
  }

  // A row of numbers of the arithmetic type: where it is, or in a tile.
  const Real* operand(const Stored* f, int64 stride, int64 count) {
    if constexpr (std::is_same_v<Stored, Real>)
      if (stride == 1) return f;
    Real* const values = tiles_.take();
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
      Real* const values = tiles_.take();
      fill(OnePair<Stored, Real>{a, b, 1}, stride, 0, count, values);
      part.b = values;
    }
  }

  // One of its pairs with a coefficient; f is point 0.
  GG_NOINLINE Real edge_pair(const Term& term, const Stencil& stencil, const Pair& pair, const Stored* f,
                             int64 j, Real weight) const {
    const int64 shift = step(stencil, term.input), ahead = step(stencil, term.coefficient);
    const Stored *const a = f + pair.a * shift, *const b = f + pair.b * shift;
    const Stored* const c =
        row(term.coefficient) + j * plan_.array[term.coefficient].stride[ROW] - point_of(stencil, j) * ahead;
    const Real at_b = load<Real>(c[pair.b * ahead]);
    const Real scaled =
        weight * (term.place == AT_SAMPLES ? at_b : face_mean<Real>(c[pair.a * ahead], c[pair.b * ahead]));
    return stencil.values ? sample_value(weight, scaled, *b) : pair_value(scaled, *b, *a);
  }

  const Descriptor& plan_;
  void* const* const pointers_;
  int64 at_, plane_[MAX_ARRAYS];                    // the row in its plane, the planes in the arrays
  Pairs<Real> pairs_[MAX_TERMS], then_[MAX_TERMS];  // of its stencils
  Form forms_[MAX_TERMS];
  std::vector<Part<Real>> parts_, row_parts_;  // of a sum, and of one row of it
  Tiles<Real> tiles_;                          // rows made for a sum
};

}  // namespace
}  // namespace gridgrad

#endif
