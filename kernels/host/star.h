// Formula (1) along two or three axes around the same points, as of a Laplacian on even steps: every centre
// is read once.
#ifndef GRIDGRAD_STAR_H
#define GRIDGRAD_STAR_H

#include <type_traits>

#include "edges.h"

namespace gridgrad {
namespace {

const int STAR_AXES = 3;

template <class Real>
struct Star {
  int axes = 0;
  const Real *centre, *below[STAR_AXES], *above[STAR_AXES];
  Real lower[STAR_AXES], upper[STAR_AXES];
};

// `count` elements, at least a word.
template <int AXES, class Real>
GG_NOINLINE void sum_star(const Star<Real>& star, int64 count, Real* target) {
  typedef Words<Real> Reader;
  const Reader read{};
  const Real *centre = star.centre, *below[AXES], *above[AXES];
  typename Reader::Word lower[AXES], upper[AXES];
  for (int k = 0; k < AXES; ++k) {
    below[k] = star.below[k];
    above[k] = star.above[k];
    lower[k] = read.weight(star.lower[k]);
    upper[k] = read.weight(star.upper[k]);
  }
  for (int64 next = 0; next < count; next += Reader::LANES) {
    const int64 j = smaller(next, count - Reader::LANES);
    const typename Reader::Word middle = read(centre, j);
    typename Reader::Word sum =
        two_differences(lower[0], upper[0], read(below[0], j), middle, read(above[0], j));
    for (int k = 1; k < AXES; ++k)
      sum = sum + two_differences(lower[k], upper[k], read(below[k], j), middle, read(above[k], j));
    std::memcpy(target + j, &sum, sizeof sum);
  }
}

// Whether the terms [t, next) of an output are such; and how many elements at each end of the row are not.
template <class Stored, class Real>
bool are_around(const Position<Stored, Real>& here, int t, int next, int64& leading, int64& trailing) {
  const int input = here.plan.term[t].input;
  if (here.plan.norm[here.plan.term[t].output]) return false;
  if (next - t < 2 || !here.plan.term[t].assign || here.plan.array[input].stride[ROW] != 1) return false;
  for (; t < next; ++t) {
    const Term& term = here.plan.term[t];
    const Stencil& stencil = here.stencil(t);
    if (term.input != input || has_factors(term) || term.then >= 0) return false;
    if (here.form(t) != TWO_DIFFERENCES || here.pairs(t).b(0) != 0) return false;
    if (stencil.dim != ROW) continue;
    if (leading) return false;
    leading = stencil.leading * stencil.inner;
    trailing = stencil.trailing * stencil.inner;
  }
  return true;
}

template <class Real>
Star<Real> star_at(const Position<Real, Real>& here, int t, int next, const Real* centre) {
  Star<Real> star;
  star.centre = centre;
  for (; t < next; ++t) {
    const int64 shift = here.step(t);
    const Pairs<Real>& pairs = here.pairs(t);
    star.below[star.axes] = centre + pairs.a(0) * shift;
    star.above[star.axes] = centre + pairs.b(1) * shift;
    star.lower[star.axes] = pairs.weight(0);
    star.upper[star.axes++] = pairs.weight(1);
  }
  return star;
}

// At element j, where an axis in the row has a row of its own.
template <class Real>
GG_NOINLINE Real value_around(const Position<Real, Real>& here, int t, int next, const Real* f, int64 j) {
  Real sum = Real(-0.0);
  for (; t < next; ++t) {
    const Pairs<Real>& pairs = here.pairs(t);
    const int64 shift = here.step(t);
    const Real* const c = f + j;
    sum = sum + (here.stencil(t).dim == ROW
                     ? edge_value(here, t, f, j)
                     : two_differences(pairs.weight(0), pairs.weight(1), c[pairs.a(0) * shift], *c,
                                       c[pairs.b(1) * shift]));
  }
  return sum;
}

// The terms [t, next) at the elements [begin, end) of the row, or of all rows alike; false where they are no
// star.
template <class Stored, class Real>
bool sum_around(const Position<Stored, Real>& here, int t, int next, int64 begin, int64 end, Real* target) {
  if constexpr (!std::is_same_v<Stored, Real>) return false;
  else {
    int64 leading = 0, trailing = 0;
    if (next - t > STAR_AXES || !are_around(here, t, next, leading, trailing)) return false;
    const int input = here.plan.term[t].input;
    const int64 length = here.plan.length[ROW], rows = larger(end / length, 1),
                ahead = here.plan.array[input].stride[MIDDLE];
    const int64 first = larger(begin, leading),
                last = rows > 1 ? end - trailing : smaller(end, length - trailing);
    if (last - first < Words<Real>::LANES) return false;
    const Real* const f = here.row(input);
    const Star<Real> star = star_at(here, t, next, f + first);
    Real* const inner = target + (first - begin);
    if (star.axes == 2) sum_star<2>(star, last - first, inner);
    else sum_star<3>(star, last - first, inner);
    for (int64 k = 0; k < rows; ++k) {
      Real* const line = target + k * length - begin;
      for (int64 j = begin; j < first; ++j) line[j] = value_around(here, t, next, f + k * ahead, j);
      for (int64 j = larger(length - trailing, begin); j < smaller(end, length); ++j)
        line[j] = value_around(here, t, next, f + k * ahead, j);
    }
    return true;
  }
}

}  // namespace
}  // namespace gridgrad

#endif
