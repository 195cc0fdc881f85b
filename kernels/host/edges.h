// Rows that are data of an axis in the row, one element at a time.
#ifndef GRIDGRAD_EDGES_H
#define GRIDGRAD_EDGES_H

#include "position.h"

namespace gridgrad {
namespace {

// The point of an element of an axis in the row. Dividing takes long: compilers must not see that
// j is j / 1.
inline int64 point_of(const Stencil& stencil, int64 j) { return stencil.inner > 1 ? j / stencil.inner : j; }

// The elements of input k around element j of its row, as points of an axis in the row: [0] is point 0.
template <class Stored>
struct Around {
  const Stored* origin;
  int64 step;
  const Stored& operator[](int64 point) const { return origin[point * step]; }
};

template <class Stored, class Real>
Around<Stored> around(const Position<Stored, Real>& here, const Stencil& stencil, int k, int64 j) {
  const int64 step = here.step(stencil, k);
  return {here.beside(k) + j * here.plan.array[k].stride[ROW] - point_of(stencil, j) * step, step};
}

// What one of its differences begins with: nothing where both ends are one point, so that it is a value.
template <class Stored>
GG_INLINE Stored from_end(const Pair& pair, const Stored* f, int64 shift) {
  return pair.a == pair.b ? Stored{} : f[pair.a * shift];
}

// One of its pairs with factors; f is point 0.
template <class Stored, class Real>
GG_NOINLINE Real edge_pair(const Position<Stored, Real>& here, const Term& term, const Stencil& stencil,
                           const Pair& pair, const Stored* f, int64 j, Real weight) {
  const int64 shift = here.step(stencil, term.input);
  const Stored b = f[pair.b * shift];
  Real scaled = weight;
  if (term.faces >= 0) {
    const Around<Stored> k = around(here, stencil, term.faces, j);
    scaled = scaled * face_mean<Real>(k[pair.a], k[pair.b], term.flags & HARMONIC);
  }
  if (term.inner >= 0) scaled = scaled * load<Real>(around(here, stencil, term.inner, j)[pair.b]);
  const Real value =
      stencil.values ? sample_value(weight, scaled, b) : pair_value(scaled, b, from_end(pair, f, shift));
  return term.flags & GATED ? unless_zero(scaled, value) : value;
}

// An edge row of term t at element j; f is the row's first element.
template <class Stored, class Real>
GG_NOINLINE Real edge_value(const Position<Stored, Real>& here, int t, const Stored* f, int64 j) {
  const Term& term = here.plan.term[t];
  const Stencil& stencil = here.stencil(t);
  const int64 point = point_of(stencil, j), shift = here.step(t), edge = edge_of(stencil, point);
  const Pair *pair = stencil.pair + stencil.start[edge], *const last = stencil.pair + stencil.start[edge + 1];
  const bool plain = term.inner < 0 && term.faces < 0;
  Real sum = 0;
  f += j * here.plan.array[term.input].stride[ROW] - point * shift;
  for (bool first = true; pair != last; ++pair, first = false) {
    const Real weight = static_cast<Real>(pair->weight);
    const Stored* const b = f + pair->b * shift;
    const Real value = !plain           ? edge_pair(here, term, stencil, *pair, f, j, weight)
                       : stencil.values ? sample_value(weight, weight, *b)
                                        : pair_value(weight, *b, from_end(*pair, f, shift));
    sum = first ? value : sum + value;
  }
  return sum;
}

}  // namespace
}  // namespace gridgrad

#endif
