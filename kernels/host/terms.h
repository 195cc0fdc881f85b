// The terms of a plan at one row of its arrays: the rows of their stencils, and their sums.
#ifndef GRIDGRAD_TERMS_H
#define GRIDGRAD_TERMS_H

#include <vector>

#include "edges.h"
#include "star.h"
#include "sum.h"

namespace gridgrad {
namespace {

template <class Stored, class Real>
class Terms {
 public:
  Position<Stored, Real> here;

  Terms(const Descriptor& plan, void* const* pointers) : here(plan, pointers) {}

  // Calls `with` on the operator of the inner points; f is the row's first element.
  template <class Visit>
  void visit(int t, const Stored* f, const Visit& with) const {
    const Pairs<Real>& pairs = here.pairs(t);
    const int64 shift = here.step(t);
    const Stored *const a = f + pairs.a(0) * shift, *const b = f + pairs.b(0) * shift;
    if (here.form(t) == ONE_PAIR) return with(OnePair<Stored, Real>{a, b, pairs.weight(0)});
    if (here.form(t) == WEIGHTED) {
      const Real* const upper = pairs.weights + here.plan.length[ROW];
      return with(Weighted<Stored, Real>{a, b, b + shift, pairs.weights, upper});
    }
    const Stored* const c = f + pairs.b(1) * shift;
    with(TwoDifferences<Stored, Real>{a, b, c, pairs.weight(0), pairs.weight(1)});
  }

  // The terms [t, next) of an output at the elements [begin, end) of the row, or of all rows alike.
  void sum(int t, int next, int64 begin, int64 end, Real* target) {
    if (sum_around(here, t, next, begin, end, target)) return;
    tiles_.release(0);
    parts_.clear();
    const int output = here.plan.term[t].output;
    if (!here.plan.term[t].assign) add_held(here.plan.inputs + output, begin, end);
    for (; t < next; ++t) {
      const Term& term = here.plan.term[t];
      if (term.then >= 0) mix(t, begin, end);
      else if (here.stencil(t).dim == ROW) add_row(t, here.row(term.input), begin, end);
      else add_pairs(t, here.row(term.input), begin, end, parts_);
      Part<Real>& part = parts_.back();
      part.join = !here.plan.norm[output] ? ADD : term.assign ? MAGNITUDE : NORM;
      if (term.outer >= 0)
        part.outer = tiles_.row(here.row(term.outer) + begin * stride_of(term.outer), stride_of(term.outer),
                                end - begin);
    }
    sum_parts(parts_, end - begin, target);
  }

  // The rows of a term's stencil; f is the first element of the array's row.
  void rows(int t, const Stored* f, int64 begin, int64 end, Real* target) {
    const int64 stride = stride_of(here.plan.term[t].input);
    int64 first = begin, last = end;
    if (end > here.plan.length[ROW] && here.stencil(t).dim == ROW) return rows_apart(t, f, end, target);
    here.inner_elements(t, first, last);
    if (here.form(t) == SUM) sum_row(t, f, first, last, target + (first - begin));
    else visit(t, f, [&](const auto& op) { fill<Stored>(op, stride, first, last, target - begin); });
    for (int64 j = begin; j < first; ++j) target[j - begin] = edge_value(here, t, f, j);
    for (int64 j = last; j < end; ++j) target[j - begin] = edge_value(here, t, f, j);
  }

 private:
  int64 stride_of(int k) const { return here.plan.array[k].stride[ROW]; }

  // An axis in the row ends in each of the rows that are alike.
  void rows_apart(int t, const Stored* f, int64 end, Real* target) {
    const int64 length = here.plan.length[ROW],
                ahead = here.plan.array[here.plan.term[t].input].stride[MIDDLE], count = end / length;
    for (int64 k = 0; k < count; ++k, here.go_along(1))
      rows(t, f + k * ahead, 0, length, target + k * length);
    here.go_along(-count);
  }

  // A second stencil's pairs of the rows of the first.
  void mix(int t, int64 begin, int64 end) {
    const Term& term = here.plan.term[t];
    const Stencil& then = here.plan.stencil[term.then];
    const Pairs<Real>& pairs = here.then(t);
    for (int64 k = 0; k < pairs.count; ++k) {
      here.lean(then, pairs.b(k));
      Part<Real>& part = add_row(t, here.beside(term.input), begin, end);
      part.weight = pairs.weight(k);
      part.selects = may_be_zero(then, pairs) && part.weight == 0;
      if (then.values || pairs.is_value(k)) continue;
      here.lean(then, pairs.a(k));
      part.a = one_row(t, here.beside(term.input), begin, end);
    }
    here.lean(then, 0);
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
    const Real* const held = static_cast<const Real*>(here.data(k)) + here.offset(k);
    Part<Real>& part = parts_.emplace_back();
    part.b = tiles_.copy(held + begin * stride_of(k), stride_of(k), end - begin);
    part.weight = 1;
    part.join = ADD;
  }

  void add_zeros(std::vector<Part<Real>>& parts) {
    Real* const values = tiles_.take();
    std::memset(values, 0, sizeof(Real) * TILE);
    parts.emplace_back().b = values;
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
    const Term& term = here.plan.term[t];
    const Stencil& stencil = here.stencil(t);
    const Pairs<Real>& pairs = here.pairs(t);
    const int64 stride = stride_of(term.input), shift = here.step(t);
    f += begin * stride;
    for (int64 k = 0; k < pairs.count; ++k) {
      Part<Real>& part = parts.emplace_back();
      part.weight = pairs.weight(k);
      if (pairs.weights) part.weights = pairs.weights + k * here.plan.length[ROW] + begin;
      part.selects = may_be_zero(stencil, pairs) && (part.weights || part.weight == 0);
      if (stencil.values || pairs.is_value(k))
        part.b = tiles_.row(f + pairs.b(k) * shift, stride, end - begin);
      else set_difference(f + pairs.a(k) * shift, f + pairs.b(k) * shift, stride, end - begin, part);
      if (term.faces >= 0) {
        part.k_a = at_point(term.faces, stencil, pairs.a(k), begin, end);
        part.k_b = at_point(term.faces, stencil, pairs.b(k), begin, end);
      }
      if (term.inner >= 0) part.inner = at_point(term.inner, stencil, pairs.b(k), begin, end);
    }
    if (!pairs.count) add_zeros(parts);
  }

  // Elements of input k at a point of a stencil's axis, relative to the row's own.
  const Real* at_point(int k, const Stencil& stencil, int64 point, int64 begin, int64 end) {
    const Stored* const f = here.beside(k) + point * here.step(stencil, k);
    return tiles_.row(f + begin * stride_of(k), stride_of(k), end - begin);
  }

  void set_difference(const Stored* a, const Stored* b, int64 stride, int64 count, Part<Real>& part) {
    if constexpr (std::is_same_v<Stored, Real>) {
      part.a = tiles_.row(a, stride, count);
      part.b = tiles_.row(b, stride, count);
    } else {
      Real* const values = tiles_.take();
      fill<Stored>(OnePair<Stored, Real>{a, b, 1}, stride, 0, count, values);
      part.b = values;
    }
  }

  std::vector<Part<Real>> parts_, row_parts_;  // of a sum, and of one row of it
  Tiles<Real> tiles_;                          // rows made for a sum
};

}  // namespace
}  // namespace gridgrad

#endif
