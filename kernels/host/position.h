// Where a sweep stands: its row in the arrays, and what the stencils of all terms are there.
#ifndef GRIDGRAD_POSITION_H
#define GRIDGRAD_POSITION_H

#include "rows.h"

namespace gridgrad {
namespace {

const int SLOW = ROW - 2, MIDDLE = ROW - 1;  // the dims next to the row

inline bool has_factors(const Term& term) { return term.inner >= 0 || term.faces >= 0 || term.outer >= 0; }

// How the inner points of a row are formed: by one pair, by formula (1), by formula (1) with vectors of
// weights; or as a sum of many.
enum Form { ONE_PAIR, TWO_DIFFERENCES, WEIGHTED, SUM };

template <class Stored, class Real>
class Position {
 public:
  const Descriptor& plan;

  Position(const Descriptor& given, void* const* pointers) : plan(given), pointers_(pointers) {
    for (int t = 0; t < plan.terms; ++t) {
      pairs_[t].uniform = pairs_[t].filled = then_[t].filled = false;
      const Term& term = plan.term[t];
      for (const int k : {int(term.input), int(term.inner), int(term.faces), int(term.outer)})
        if (k >= 0 && !term.ends) everywhere_[k] = true;
    }
    for (int k = 0; k < plan.inputs; ++k) fields_ += everywhere_[k];
    for (int k = plan.inputs; k < plan.inputs + plan.outputs; ++k) everywhere_[k] = true;
  }

  // How many inputs are read not only at ends.
  int fields() const { return fields_; }

  // Goes to a row: `at` is its place in all slower dims.
  void go_to(const int64* at) {
    at_ = at[MIDDLE];
    for (int k = 0; k < plan.inputs + plan.outputs; ++k) {
      plane_[k] = 0;
      for (int dim = 0; dim < MIDDLE; ++dim) plane_[k] += at[dim] * plan.array[k].stride[dim];
    }
    for (int t = 0; t < plan.terms; ++t) locate(t, at);
  }

  // Goes on to another row of the same plane.
  void go_on_to(const int64* at) {
    at_ = at[MIDDLE];
    for (int t = 0; t < plan.terms; ++t)
      if (moves(plan.term[t])) locate(t, at);
  }

  // Goes `rows` further among rows that are alike.
  void go_along(int64 rows) { at_ += rows; }

  // How many rows from this one on, before row `last` of the plane, have the same forms; of terms at ends the
  // same pairs of a second stencil, too.
  int64 rows_of_a_form(int64 last) const {
    for (int t = 0; t < plan.terms; ++t) {
      last = end_of_form(plan.term[t], stencil(t), pairs_[t], last);
      if (plan.term[t].then >= 0) limit(plan.stencil[plan.term[t].then], then_[t], last);
    }
    return last - at_;
  }

  // Leans over to another point of an axis across the row, `points` further, where `beside` then reads.
  void lean(const Stencil& stencil, int64 points) {
    dim_ = stencil.dim;
    lean_ = points;
  }

  // How many rows from this one on, before row `last` of the plane and of at most `most` elements together,
  // have the same pairs and follow each other in memory: they are taken for one long row, except along it.
  // What is read at ends only may lie anywhere.
  int64 rows_alike(int64 last, int64 most) const {
    if (2 * plan.length[ROW] > most) return 1;
    for (int k = 0; k < plan.inputs + plan.outputs; ++k)
      if (everywhere_[k] && plan.array[k].stride[MIDDLE] != plan.length[ROW] * plan.array[k].stride[ROW])
        return 1;
    int64 end = smaller(last, at_ + most / plan.length[ROW]);
    for (int t = 0; t < plan.terms; ++t) {
      limit(stencil(t), pairs_[t], end);
      if (plan.term[t].then >= 0) limit(plan.stencil[plan.term[t].then], then_[t], end);
    }
    return end - at_;
  }

  int64 at() const { return at_; }
  Form form(int t) const { return forms_[t]; }
  const Stencil& stencil(int t) const { return plan.stencil[plan.term[t].stencil]; }
  const Pairs<Real>& pairs(int t) const { return pairs_[t]; }
  const Pairs<Real>& then(int t) const { return then_[t]; }

  // Whether a term that stands at ends only is in this row: at its ends, or in all of it.
  bool is_there(int t) const { return there_[t]; }
  bool is_along(int t) const { return stencil(t).dim == ROW && !stencil(t).pairs; }

  // The first element of the row in input k; of an output, in elements from the output's first.
  const Stored* row(int k) const { return static_cast<const Stored*>(pointers_[k]) + offset(k); }
  const Stored* beside(int k) const { return row(k) + lean_ * plan.array[k].stride[dim_]; }
  int64 offset(int k) const { return plane_[k] + at_ * plan.array[k].stride[MIDDLE]; }
  void* data(int k) const { return pointers_[k]; }

  // From a point of a stencil's axis to the next, in elements of array k.
  int64 step(const Stencil& stencil, int k) const {
    return stencil.inner * plan.array[k].stride[stencil.dim];
  }
  int64 step(int t) const { return step(stencil(t), plan.term[t].input); }

  // Leaves of [first, last) the elements whose rows are not data of an axis in the row.
  GG_INLINE void inner_elements(int t, int64& first, int64& last) const {
    const Stencil& own = stencil(t);
    if (own.dim != ROW) return;
    first = smaller(larger(first, own.leading * own.inner), last);
    last = larger(smaller(last, (own.length - own.trailing) * own.inner), first);
  }

 private:
  // The rows of a term's stencils at this point.
  void locate(int t, const int64* at) {
    const Term& term = plan.term[t];
    const Stencil& own = stencil(t);
    const bool faces = term.faces >= 0;
    if (own.dim == ROW) set_inner_pairs(own, 0, faces, pairs_[t]);
    else if (!pairs_[t].uniform || edge_of(own, at[own.dim]) >= 0)
      set_pairs(own, at[own.dim], faces, pairs_[t]);
    else if (term.then < 0) return;  // in the interior as before
    forms_[t] = form_of(term, own, pairs_[t]);
    there_[t] = own.dim == ROW || pairs_[t].count;
    if (term.then < 0) return;
    const Stencil& then = plan.stencil[term.then];
    set_pairs(then, at[then.dim], false, then_[t]);
    there_[t] = there_[t] && then_[t].count;
  }

  static Form form_of(const Term& term, const Stencil& stencil, const Pairs<Real>& pairs) {
    if (stencil.values || stencil.selects || term.inner >= 0 || term.faces >= 0) return SUM;
    if (pairs.weights) return is_central(stencil) ? WEIGHTED : SUM;
    for (int64 k = 0; k < pairs.count; ++k)
      if (pairs.is_value(k)) return SUM;
    if (pairs.count == 1) return ONE_PAIR;
    return pairs.count == 2 && pairs.b(0) == pairs.a(1) ? TWO_DIFFERENCES : SUM;
  }

  // Lowers `end` to where the pairs of an axis across the rows of a plane are no longer those of this row.
  void limit(const Stencil& stencil, const Pairs<Real>& pairs, int64& end) const {
    if (stencil.dim == MIDDLE)
      end = pairs.uniform ? smaller(end, stencil.length - stencil.trailing) : at_ + 1;
  }

  // The row of a plane up to which, or to `last`, an axis across its rows has the form that it has in this
  // one.
  int64 end_of_form(const Term& term, const Stencil& stencil, const Pairs<Real>& pairs, int64 last) const {
    if (stencil.dim != MIDDLE) return last;
    if (pairs.data) return at_ + 1;
    const int64 end = smaller(last, stencil.length - stencil.trailing);
    if (!stencil.weights || term.faces >= 0 || term.outer_sign || is_difference(stencil)) return end;
    const bool is_form = is_central(stencil),
               are_few = stencil.values && (pairs.count == 2 || pairs.count == 3);
    if ((!is_form && !are_few) || stencil.selects) return at_ + 1;
    const Real* const weights = static_cast<const Real*>(stencil.weights);
    int64 i = at_ + 1;
    if (is_form)
      while (i < end && (weights[i] == weights[stencil.length + i]) == (pairs.count == 1)) ++i;
    else
      while (i < end && !has_zero(stencil, weights + i)) ++i;
    return i;
  }

  static bool has_zero(const Stencil& stencil, const Real* weights) {
    for (int k = 0; k < stencil.pairs; ++k)
      if (weights[k * stencil.length] == 0) return true;
    return false;
  }

  bool moves(const Term& term) const {
    return plan.stencil[term.stencil].dim == MIDDLE ||
           (term.then >= 0 && plan.stencil[term.then].dim == MIDDLE);
  }

  void* const* const pointers_;
  int64 at_, plane_[MAX_ARRAYS];                    // the row in its plane, the planes in the arrays
  int64 lean_ = 0;                                  // of a second stencil's point from this one,
  int dim_ = 0;                                     // along its axis
  Pairs<Real> pairs_[MAX_TERMS], then_[MAX_TERMS];  // of its stencils
  Form forms_[MAX_TERMS];
  bool there_[MAX_TERMS];
  bool everywhere_[MAX_ARRAYS] = {};  // the arrays that not only terms at ends read
  int fields_ = 0;
};

}  // namespace
}  // namespace gridgrad

#endif
