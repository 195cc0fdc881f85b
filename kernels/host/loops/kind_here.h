// Which kind of loop a term of an operator has at a row, if any.
#ifndef GRIDGRAD_KIND_HERE_H
#define GRIDGRAD_KIND_HERE_H

#include "../position.h"
#include "taps.h"

namespace gridgrad {
namespace {

template <class Real>
class KindHere {
 public:
  explicit KindHere(const Position<Real, Real>& here) : here_(here) {}

  // Of term t, where terms before `next` are of its output; NO_KIND if it has none.
  int of(int t, int next) const {
    const Term& term = here_.plan.term[t];
    const Stencil& stencil = here_.stencil(t);
    if (term.flags || term.inner_sign) return NO_KIND;
    if (stencil.dim == ROW && stencil.selects) return NO_KIND;
    for (const int k : {int(term.input), int(term.inner), int(term.faces), int(term.outer)})
      if (k >= 0 && here_.plan.array[k].stride[ROW] != 1) return NO_KIND;
    if (term.then >= 0) return kind_of_two(t);
    if (term.outer_sign) return t + 1 < next ? kind_of_sides(t, t + 1) : NO_KIND;
    const int own = term.faces >= 0 ? kind_of_flux(stencil, here_.pairs(t)) : kind_of_pairs(stencil, t);
    if (own == NO_KIND || (term.faces >= 0 && term.inner >= 0)) return NO_KIND;
    const int kind = own | (term.inner >= 0 ? INNER : 0) | (term.outer >= 0 ? OUTER : 0);
    return is_kind(kind) ? kind : NO_KIND;
  }

 private:
  // Of derivatives along two axes, with weights that are the same at all points.
  int kind_of_two(int t) const {
    const Term& term = here_.plan.term[t];
    const Stencil &own = here_.stencil(t), &then = here_.plan.stencil[term.then];
    const Pairs<Real>&pairs = here_.pairs(t), &others = here_.then(t);
    if (term.inner >= 0 || term.outer_sign || own.weights || then.weights || pairs.data || others.data ||
        then.values || then.selects || has_value(others))
      return NO_KIND;
    const int outer = term.outer >= 0 ? OUTER : 0;
    if (here_.form(t) == ONE_PAIR && others.count == 1) return MIXED | outer;
    const bool are_second = here_.form(t) == TWO_DIFFERENCES && is_pair(pairs, 0, -1, 0) &&
                            is_pair(pairs, 1, 0, 1) && others.count == 2 && is_pair(others, 0, -1, 0) &&
                            is_pair(others, 1, 0, 1);
    return are_second ? MIXED_SECOND | outer : NO_KIND;
  }

  static bool has_value(const Pairs<Real>& pairs) {
    for (int64 k = 0; k < pairs.count; ++k)
      if (pairs.is_value(k)) return true;
    return !pairs.count;
  }

  // Of two terms of which a field chooses.
  int kind_of_sides(int below, int above) const {
    const Term &own = here_.plan.term[below], &other = here_.plan.term[above];
    const Stencil &stencil = here_.stencil(below), &second = here_.stencil(above);
    if (own.outer_sign != 1 || other.outer_sign != -1 || own.outer != other.outer ||
        own.input != other.input || other.then >= 0 || other.flags || own.inner >= 0 || other.inner >= 0 ||
        own.faces >= 0 || other.faces >= 0 || stencil.dim != second.dim || stencil.values || second.values ||
        stencil.selects || second.selects)
      return NO_KIND;
    const Pairs<Real>&before = here_.pairs(below), &after = here_.pairs(above);
    if (!before.weights != !after.weights || before.count != after.count) return NO_KIND;
    const int graded = before.weights ? GRADED_UPWIND - UPWIND : 0;
    if (before.count == 1 && is_pair(before, 0, -1, 0) && is_pair(after, 0, 0, 1)) return UPWIND + graded;
    const bool are_two = before.count == 2 && is_pair(before, 0, 0, -2) && is_pair(before, 1, -1, 0) &&
                         is_pair(after, 0, 0, 1) && is_pair(after, 1, 2, 0);
    return are_two ? UPWIND_TWO + graded : NO_KIND;
  }

  static bool is_pair(const Pairs<Real>& pairs, int64 k, int64 a, int64 b) {
    return pairs.a(k) == a && pairs.b(k) == b;
  }

  static int kind_of_flux(const Stencil& stencil, const Pairs<Real>& pairs) {
    if (pairs.data || !is_central(stencil) || stencil.selects) return NO_KIND;
    return pairs.weights ? GRADED_FLUX : FLUX;
  }

  int kind_of_pairs(const Stencil& stencil, int t) const {
    const Pairs<Real>& pairs = here_.pairs(t);
    if (here_.form(t) == ONE_PAIR) return PAIR;
    if (here_.form(t) == WEIGHTED) return GRADED;
    if (here_.form(t) == TWO_DIFFERENCES && pairs.b(0) == 0) return DIFFERENCES;
    const bool are_few = stencil.values && (pairs.count == 2 || pairs.count == 3);
    const int values = pairs.count == 2 ? TWO_VALUES : THREE_VALUES;
    if (pairs.weights) return are_few ? values + 1 : is_difference(stencil) ? GRADED_PAIR : NO_KIND;
    if (!pairs.count) return NO_KIND;
    if (may_be_zero(stencil, pairs))
      for (int64 k = 0; k < pairs.count; ++k)
        if (pairs.weight(k) == 0) return NO_KIND;
    if (are_few) return values;
    const bool is_one = stencil.values && pairs.count == 1 && pairs.b(0) == 0;
    return is_one && !stencil.weights && here_.plan.term[t].inner < 0 ? VALUE : LINKS;
  }

  const Position<Real, Real>& here_;
};

}  // namespace
}  // namespace gridgrad

#endif
