// Rows that are data of an axis in the row, one element at a time.
#ifndef GRIDGRAD_EDGES_H
#define GRIDGRAD_EDGES_H

#include "position.h"

namespace gridgrad {
namespace {

// The point of an element of an axis in the row. Dividing takes long: compilers must not see that
// j is j / 1.
inline int64 point_of(const Stencil& stencil, int64 j) { return stencil.inner > 1 ? j / stencil.inner : j; }

// One of its pairs with a coefficient; f is point 0.
template <class Stored, class Real>
GG_NOINLINE Real edge_pair(const Position<Stored, Real>& here, const Term& term, const Stencil& stencil,
                           const Pair& pair, const Stored* f, int64 j, Real weight) {
  const int64 shift = here.step(stencil, term.input), ahead = here.step(stencil, term.coefficient);
  const Stored *const a = f + pair.a * shift, *const b = f + pair.b * shift;
  const Stored* const c = here.row(term.coefficient) + j * here.plan.array[term.coefficient].stride[ROW] -
                          point_of(stencil, j) * ahead;
  const Real at_b = load<Real>(c[pair.b * ahead]);
  const Real scaled =
      weight * (term.place == AT_SAMPLES ? at_b : face_mean<Real>(c[pair.a * ahead], c[pair.b * ahead]));
  return stencil.values ? sample_value(weight, scaled, *b) : pair_value(scaled, *b, *a);
}

// An edge row of term t at element j; f is the row's first element.
template <class Stored, class Real>
GG_NOINLINE Real edge_value(const Position<Stored, Real>& here, int t, const Stored* f, int64 j) {
  const Term& term = here.plan.term[t];
  const Stencil& stencil = here.stencil(t);
  const int64 point = point_of(stencil, j), shift = here.step(t), edge = edge_of(stencil, point);
  const Pair *pair = stencil.pair + stencil.start[edge], *const last = stencil.pair + stencil.start[edge + 1];
  const bool plain = term.coefficient < 0 || term.place == AT_POINT;
  Real sum = 0;
  f += j * here.plan.array[term.input].stride[ROW] - point * shift;
  for (bool first = true; pair != last; ++pair, first = false) {
    const Real weight = static_cast<Real>(pair->weight);
    const Stored* const b = f + pair->b * shift;
    const Real value = !plain           ? edge_pair(here, term, stencil, *pair, f, j, weight)
                       : stencil.values ? sample_value(weight, weight, *b)
                                        : pair_value(weight, *b, f[pair->a * shift]);
    sum = first ? value : sum + value;
  }
  return sum;
}

}  // namespace
}  // namespace gridgrad

#endif
