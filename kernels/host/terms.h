// The terms of a plan at one row of its arrays: the rows of their stencils, and their sums.
#ifndef GRIDGRAD_TERMS_H
#define GRIDGRAD_TERMS_H

#include <vector>

#include "edges.h"
#include "sum.h"

namespace gridgrad {
namespace {

template <class Stored, class Real>
class Terms {
 public:
  Position<Stored, Real> here;

  Terms(const Descriptor& plan, void* const* pointers) : here(plan, pointers) {
    for (int t = 0; t < plan.terms; ++t) list_samples(t);
    first_[plan.terms] = samples_.size();
  }

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
    tiles_.release(0);
    parts_.clear();
    const int output = here.plan.term[t].output;
    if (!here.plan.term[t].assign) add_held(here.plan.inputs + output, begin, end);
    for (; t < next; ++t) {
      Part<Real>& part = add_term(t, begin, end);
      part.join = here.plan.join[output];
      part.begins = here.plan.term[t].assign;
    }
    sum_parts(parts_, end - begin, target);
  }

  // Adds the terms [t, next), which stand at ends only, to the elements [begin, end) of the row, or of all
  // rows alike, `step` apart.
  void add_ends(int t, int next, int64 begin, int64 end, Real* target, int64 step) {
    const int64 length = here.plan.length[ROW];
    add_ends(t, next, larger(1, end / length), begin, smaller(end, length), target, step, length * step);
  }

  // The same of `rows` rows from this one on, `ahead` apart.
  void add_ends(int t, int next, int64 rows, int64 begin, int64 end, Real* target, int64 step, int64 ahead) {
    for (; t < next; ++t) {
      if (!here.is_there(t)) continue;
      if (is_plain_[t]) {
        add_plain(t, rows, begin, end, target, step, ahead);
        continue;
      }
      for (int64 r = 0; r < rows; ++r, here.go_along(1)) add_at_ends(t, begin, end, target + r * ahead, step);
      here.go_along(-rows);
    }
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
  // The parts of a term; the last of them.
  Part<Real>& add_term(int t, int64 begin, int64 end) {
    const Term& term = here.plan.term[t];
    if (term.then >= 0) mix(t, begin, end);
    else if (here.stencil(t).dim == ROW) add_row(t, here.row(term.input), begin, end);
    else add_pairs(t, here.row(term.input), begin, end, parts_);
    Part<Real>& part = parts_.back();
    part.goes_on = false;
    part.outer_gated = term.flags & GATED;
    if (term.outer >= 0)
      part.outer = tiles_.row(here.row(term.outer) + begin * stride_of(term.outer), stride_of(term.outer),
                              end - begin);
    part.outer_sign = term.outer_sign;
    return part;
  }

  // What a term at the ends of rows reads there, the same for all rows, if it is values and nothing else.
  void list_samples(int t) {
    const Term& term = here.plan.term[t];
    const Stencil& stencil = here.stencil(t);
    first_[t] = samples_.size();
    is_plain_[t] = term.ends && here.is_along(t) && stencil.values && term.then < 0 && !has_factors(term);
    if (!is_plain_[t]) return;
    int64 first = 0, last = here.plan.length[ROW];
    here.inner_elements(t, first, last);
    for (int64 j = 0; j < first; ++j) list_samples(t, j);
    for (int64 j = last; j < here.plan.length[ROW]; ++j) list_samples(t, j);
  }

  void list_samples(int t, int64 j) {
    const Stencil& stencil = here.stencil(t);
    const int64 point = point_of(stencil, j), edge = edge_of(stencil, point), end = stencil.start[edge + 1];
    const int64 own = j * stride_of(here.plan.term[t].input);
    for (int64 k = stencil.start[edge]; k < end; ++k) {
      const Pair& pair = stencil.pair[k];
      samples_.push_back(
          {j, own + (pair.b - point) * here.step(t), static_cast<Real>(pair.weight), k + 1 == end});
    }
  }

  void add_plain(int t, int64 rows, int64 begin, int64 end, Real* target, int64 step, int64 ahead) {
    const int input = here.plan.term[t].input;
    const int64 further = here.plan.array[input].stride[MIDDLE];
    const Sample *const first = samples_.data() + first_[t], *const last = samples_.data() + first_[t + 1];
    const Stored* f = here.row(input);
    for (int64 r = 0; r < rows; ++r, f += further, target += ahead)
      for (const Sample* sample = first; sample != last; ++sample) {
        Real value = sample->of(f);
        while (!sample->is_last) value = value + (++sample)->of(f);
        if (sample->j >= begin && sample->j < end) join(t, value, target[(sample->j - begin) * step]);
      }
  }

  void add_at_ends(int t, int64 begin, int64 end, Real* target, int64 step) {
    int64 first = begin, last = end;
    here.inner_elements(t, first, last);
    for (int64 j = begin; j < first; ++j) add_point(t, j, target + (j - begin) * step);
    if (first < last && !here.is_along(t)) add_segment(t, first, last, target + (first - begin) * step, step);
    for (int64 j = last; j < end; ++j) add_point(t, j, target + (j - begin) * step);
  }

  // An element whose row is data of an axis in the row.
  void add_point(int t, int64 j, Real* target) {
    const Term& term = here.plan.term[t];
    const Stencil& stencil = here.stencil(t);
    const int64 edge = edge_of(stencil, point_of(stencil, j));
    if (stencil.start[edge] == stencil.start[edge + 1]) return;
    if (term.then >= 0) return add_segment(t, j, j + 1, target, 1);
    Real value = edge_value(here, t, here.row(term.input), j);
    if (term.outer >= 0) {
      const Real factor = load<Real>(here.row(term.outer)[j * stride_of(term.outer)]);
      value = unless_other(term.outer_sign, factor, times_outer(value, factor, term.flags & GATED));
    }
    join(t, value, *target);
  }

  void add_segment(int t, int64 begin, int64 end, Real* target, int64 step) {
    tiles_.release(0);
    parts_.clear();
    add_term(t, begin, end);
    Real* const values = tiles_.take();
    sum_parts(parts_, end - begin, values);
    for (int64 j = 0; j < end - begin; ++j) join(t, values[j], target[j * step]);
  }

  void join(int t, Real value, Real& sum) const {
    sum = joined<AsNumbers<Real>>(here.plan.join[here.plan.term[t].output], sum, value);
  }

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
    part.goes_on = false;
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
    row_parts_.back().goes_on = false;
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
      const bool has_factor = term.faces >= 0 || term.inner >= 0;
      part.gated = has_factor && term.flags & GATED;
      part.harmonic = term.flags & HARMONIC;
      part.inner_sign = term.inner_sign;
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

  // One of the values of an element at an end of the row.
  struct Sample {
    int64 j, from;  // the element, what is read, from the first of the row on
    Real weight;
    bool is_last;

    Real of(const Stored* f) const { return sample_value(weight, weight, f[from]); }
  };
  std::vector<Sample> samples_;
  std::size_t first_[MAX_TERMS + 1];  // of those of each term
  bool is_plain_[MAX_TERMS];

  std::vector<Part<Real>> parts_, row_parts_;  // of a sum, and of one row of it
  Tiles<Real> tiles_;                          // rows made for a sum
};

}  // namespace
}  // namespace gridgrad

#endif
