// Rows of any form on a device, for N elements of a thread at once: factors, data, second stencils.
#ifndef GRIDGRAD_GENERAL_H
#define GRIDGRAD_GENERAL_H

#include "variant.h"

namespace gridgrad {
namespace {

// Formula (1) at one point, for each way of giving the weights.
template <class T>
GG_INLINE Real row_value(int weights, Real lower, Real upper, T below, T centre, T above) {
  if (weights == EQUAL) return pair_value(lower, above, below);
  if (weights == DISTINCT) return two_differences(lower, upper, below, centre, above);
  return interior(lower, upper, below, centre, above);
}

// Samples around the thread's own elements.
template <int N>
struct Samples {
  const Stored* f;
  Index stride;  // of the row
  GG_INLINE Vector<Stored, N> operator()(Index shift) const { return fetch<N>(f + shift, stride); }
};

// The factors of each pair of term t.
template <int t, int N>
struct Factors {
  enum : int { AT_FACES = TERMS[t].faces >= 0, IS_GATED = (TERMS[t].flags & GATED) != 0 };
  Samples<N> inner, faces;
  Index inner_step, faces_step;

  GG_INLINE Vector<Real, N> times(Vector<Real, N> weight, Index a, Index b) const {
    if constexpr (AT_FACES) {
      const Vector<Stored, N> before = faces(a * faces_step), after = faces(b * faces_step);
      weight = each<N>([&](int e) {
        return weight.at[e] * face_mean<Real>(before.at[e], after.at[e], TERMS[t].flags & HARMONIC);
      });
    }
    if constexpr (TERMS[t].inner >= 0) {
      const Vector<Stored, N> factor = inner(b * inner_step);
      weight = each<N>([&](int e) { return weight.at[e] * load<Real>(factor.at[e]); });
    }
    return weight;
  }
};

// No factors.
struct Unscaled {
  enum : int { AT_FACES = 0, IS_GATED = 0 };
  template <class Weights>
  GG_INLINE Weights times(Weights weight, Index, Index) const {
    return weight;
  }
};

// One pair of a row: points relative to the thread's own, `step` apart in what `read` reads.
template <int N, class Read, class Scale>
GG_INLINE Vector<Real, N> pair_of(int values, const Read& read, const Scale& factors, Vector<Real, N> weight,
                                  Index a, Index b, Index step) {
  const Vector<Real, N> scaled = factors.times(weight, a, b);
  const auto upper = read(b * step);
  if (values == VALUE)
    return each<N>([&](int e) {
      const Real value = sample_value(weight.at[e], scaled.at[e], upper.at[e]);
      return Scale::IS_GATED ? unless_zero(scaled.at[e], value) : value;
    });
  const bool is_value = (values & VALUED) && a == b;
  const auto lower = is_value ? decltype(read(0)){} : read(a * step);
  return each<N>([&](int e) {
    const Real value = pair_value(scaled.at[e], upper.at[e], lower.at[e]);
    if (Scale::IS_GATED) return unless_zero(scaled.at[e], value);
    return values & SELECTED ? unless_zero(weight.at[e], value) : value;
  });
}

template <int N>
GG_INLINE void add(int k, Vector<Real, N>& sum, const Vector<Real, N>& value) {
  sum = each<N>([&](int e) { return k == 0 ? value.at[e] : sum.at[e] + value.at[e]; });
}

// A row that is data, at point i.
template <int N, class Read, class Scale>
GG_INLINE Vector<Real, N> edge_row(const Stencil& stencil, Index row, int values, const Read& read,
                                   const Scale& factors, Index i, Index step) {
  const Pair* pair = stencil.pair + stencil.start[row];
  const int count = static_cast<int>(stencil.start[row + 1] - stencil.start[row]);
  Vector<Real, N> sum = {};
#pragma unroll 1
  for (int k = 0; k < count; ++k, ++pair) {
    const Index a = elements(pair->a) - i, b = elements(pair->b) - i;  // in another order NVRTC 13.5 spills
    const Real weight = static_cast<Real>(pair->weight);
    const Vector<Real, N> weights = each<N>([&](int) { return weight; });
    add(k, sum, pair_of(values, read, factors, weights, a, b, step));
  }
  return sum;
}

// The weights of pair k of stencil s, at element `at` of its axis and the others of the thread.
template <int s, int N>
GG_INLINE Vector<Real, N> weights_at(const Stencil& stencil, int k, Index at) {
  constexpr Shape shape = SHAPES[s];
  if constexpr (shape.weights == VARYING && shape.dim == ROW) return fetch<N>(weights_of(stencil, k) + at, 1);
  const Real weight = shape.weights == VARYING ? weights_of(stencil, k)[at] : weight_of(stencil, k);
  return each<N>([&](int) { return weight; });
}

// Any row of stencil s, at the thread's own element `at` of its axis; several of the row are inside its ends.
template <int s, bool inside, int N, class Read, class Scale>
GG_INLINE Vector<Real, N> row_of(const Stencil& stencil, const Read& read, const Scale& factors, Index at,
                                 Index step) {
  constexpr Shape shape = SHAPES[s];
  constexpr bool is_known = inside || (N > 1 && shape.dim == ROW);
  const Index i = at / inner_of(stencil, shape.dim);
  if (!is_known && !is_interior(stencil, i))
    return edge_row<N>(stencil, edge_of(stencil, i), shape.values, read, factors, i, step);
  Vector<Real, N> weight[MAX_PAIRS];
#pragma unroll
  for (int k = 0; k < shape.pairs; ++k) weight[k] = weights_at<s, N>(stencil, k, at);
  if (shape.central && !Scale::AT_FACES) {
    const auto below = read(-step), above = read(step), centre = shape.weights == EQUAL ? above : read(0);
    return each<N>([&](int e) {
      return row_value(shape.weights, weight[0].at[e], weight[1].at[e], below.at[e], centre.at[e],
                       above.at[e]);
    });
  }
  Vector<Real, N> sum = {};
#pragma unroll
  for (int k = 0; k < shape.pairs; ++k)
    add(k, sum,
        pair_of(shape.values, read, factors, weight[k], static_cast<Index>(shape.a[k]),
                static_cast<Index>(shape.b[k]), step));
  return sum;
}

// The rows of term t's stencil, `aside` points along axis `other` from the thread's own elements.
template <int t, bool inside, int N>
GG_INLINE Vector<Real, N> row_beside(const Descriptor& plan, const Index* at, int other, Index aside) {
  constexpr Term term = TERMS[t];
  constexpr int s = term.stencil, dim = SHAPES[s].dim;
  const Stencil& stencil = plan.stencil[s];
  const auto samples = [&](int k) {
    const Array& array = plan.array[k];
    return Samples<N>{source_of(array, at) + aside * stride_of(array, other), stride_of(array, ROW)};
  };
  const auto step = [&](int k) { return stride_of(plan.array[k], dim) * inner_of(stencil, dim); };
  if constexpr (term.inner < 0 && term.faces < 0) {
    return row_of<s, inside, N>(stencil, samples(term.input), Unscaled{}, at[dim], step(term.input));
  } else {
    Factors<t, N> factors = {};
    if constexpr (term.inner >= 0) factors.inner = samples(term.inner), factors.inner_step = step(term.inner);
    if constexpr (term.faces >= 0) factors.faces = samples(term.faces), factors.faces_step = step(term.faces);
    return row_of<s, inside, N>(stencil, samples(term.input), factors, at[dim], step(term.input));
  }
}

// The same as what another stencil reads.
template <int t, bool inside, int N>
struct Rows {
  const Descriptor& plan;
  const Index* at;
  int other;
  GG_INLINE Vector<Real, N> operator()(Index aside) const {
    return row_beside<t, inside, N>(plan, at, other, aside);
  }
};

// Whether the row of stencil s has pairs at the thread's own elements; several of the row are inside its
// ends.
template <int s, bool inside, int N>
GG_INLINE bool has_pairs(const Descriptor& plan, const Index* at) {
  constexpr Shape shape = SHAPES[s];
  constexpr bool is_known = inside || (N > 1 && shape.dim == ROW);
  const Stencil& stencil = plan.stencil[s];
  const Index i = at[shape.dim] / inner_of(stencil, shape.dim);
  if (is_known || is_interior(stencil, i)) return shape.pairs > 0;
  const Index row = edge_of(stencil, i);
  return stencil.start[row] < stencil.start[row + 1];
}

// Whether a term that stands at ends only is there.
template <int t, bool inside, int N>
GG_INLINE bool is_there(const Descriptor& plan, const Index* at) {
  constexpr Term term = TERMS[t];
  const bool own = has_pairs<term.stencil, inside, N>(plan, at);
  if constexpr (term.then >= 0) return own && has_pairs<term.then, inside, N>(plan, at);
  else return own;
}

// Term t at N elements.
template <int t, bool inside, int N>
GG_INLINE Vector<Real, N> general(const Descriptor& plan, const Index* at) {
  constexpr Term term = TERMS[t];
  if constexpr (term.then >= 0) {
    constexpr int other = SHAPES[term.then].dim;
    const Rows<t, inside, N> rows{plan, at, other};
    return row_of<term.then, inside, N>(plan.stencil[term.then], rows, Unscaled{}, at[other], 1);
  } else {
    return row_beside<t, inside, N>(plan, at, ROW, 0);
  }
}

}  // namespace
}  // namespace gridgrad

#endif
