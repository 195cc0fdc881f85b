// Rows of any form on a device, one element at a time: factors, data, second stencils.
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

// Samples around the thread's own element.
struct Samples {
  const Stored* f;
  GG_INLINE Stored operator()(Index shift) const { return f[shift]; }
};

// The factors of each pair of term t.
template <int t>
struct Factors {
  enum : int { AT_FACES = TERMS[t].faces >= 0 };
  Samples inner, faces;
  Index inner_step, faces_step;

  GG_INLINE Real times(Real weight, Index a, Index b) const {
    if constexpr (AT_FACES) weight = weight * face_mean<Real>(faces(a * faces_step), faces(b * faces_step));
    if constexpr (TERMS[t].inner >= 0) weight = weight * load<Real>(inner(b * inner_step));
    return weight;
  }
};

// No factors.
struct Unscaled {
  enum : int { AT_FACES = 0 };
  GG_INLINE Real times(Real weight, Index, Index) const { return weight; }
};

// One pair of a row: points relative to the thread's own, `step` apart in what `read` reads.
template <class Read, class Scale>
GG_INLINE Real pair_of(int values, const Read& read, const Scale& factors, Real weight, Index a, Index b,
                       Index step) {
  const Real scaled = factors.times(weight, a, b);
  if (values == VALUE) return sample_value(weight, scaled, read(b * step));
  const bool is_value = (values & VALUED) && a == b;
  const Real value = pair_value(scaled, read(b * step), is_value ? decltype(read(0)){} : read(a * step));
  return values & SELECTED ? unless_zero(weight, value) : value;
}

// A row that is data, at point i.
template <class Read, class Scale>
GG_INLINE Real edge_row(const Stencil& stencil, Index row, int values, const Read& read, const Scale& factors,
                        Index i, Index step) {
  const Pair* pair = stencil.pair + stencil.start[row];
  const int count = static_cast<int>(stencil.start[row + 1] - stencil.start[row]);
  Real sum = 0;
#pragma unroll 1
  for (int k = 0; k < count; ++k, ++pair) {
    const Index a = elements(pair->a) - i, b = elements(pair->b) - i;  // in another order NVRTC 13.5 spills
    const Real weight = static_cast<Real>(pair->weight);
    const Real value = pair_of(values, read, factors, weight, a, b, step);
    sum = k == 0 ? value : sum + value;
  }
  return sum;
}

// Any row of stencil s, at the thread's own element `at` of its axis.
template <int s, bool inside, class Read, class Scale>
GG_INLINE Real row_of(const Stencil& stencil, const Read& read, const Scale& factors, Index at, Index step) {
  constexpr Shape shape = SHAPES[s];
  const Index i = at / inner_of(stencil, shape.dim);
  if (!inside && !is_interior(stencil, i))
    return edge_row(stencil, edge_of(stencil, i), shape.values, read, factors, i, step);
  Real weight[MAX_PAIRS];
#pragma unroll
  for (int k = 0; k < shape.pairs; ++k)
    weight[k] = shape.weights == VARYING ? weights_of(stencil, k)[at] : weight_of(stencil, k);
  if (shape.central && !Scale::AT_FACES) {
    const auto below = read(-step), above = read(step), centre = shape.weights == EQUAL ? above : read(0);
    return row_value(shape.weights, weight[0], weight[1], below, centre, above);
  }
  Real sum = 0;
#pragma unroll
  for (int k = 0; k < shape.pairs; ++k) {
    const Real value = pair_of(shape.values, read, factors, weight[k], static_cast<Index>(shape.a[k]),
                               static_cast<Index>(shape.b[k]), step);
    sum = k == 0 ? value : sum + value;
  }
  return sum;
}

// The rows of term t's stencil, `aside` points along axis `other` from the thread's own element.
template <int t, bool inside>
GG_INLINE Real row_beside(const Descriptor& plan, const Index* at, int other, Index aside) {
  constexpr Term term = TERMS[t];
  constexpr int s = term.stencil, dim = SHAPES[s].dim;
  const Stencil& stencil = plan.stencil[s];
  const auto samples = [&](int k) {
    return Samples{source_of(plan.array[k], at) + aside * stride_of(plan.array[k], other)};
  };
  const auto step = [&](int k) { return stride_of(plan.array[k], dim) * inner_of(stencil, dim); };
  if constexpr (term.inner < 0 && term.faces < 0) {
    return row_of<s, inside>(stencil, samples(term.input), Unscaled{}, at[dim], step(term.input));
  } else {
    Factors<t> factors = {};
    if constexpr (term.inner >= 0) factors.inner = samples(term.inner), factors.inner_step = step(term.inner);
    if constexpr (term.faces >= 0) factors.faces = samples(term.faces), factors.faces_step = step(term.faces);
    return row_of<s, inside>(stencil, samples(term.input), factors, at[dim], step(term.input));
  }
}

// The same as what another stencil reads.
template <int t, bool inside>
struct Rows {
  const Descriptor& plan;
  const Index* at;
  int other;
  GG_INLINE Real operator()(Index aside) const { return row_beside<t, inside>(plan, at, other, aside); }
};

// Whether the row of stencil s has pairs at the thread's own element.
template <int s, bool inside>
GG_INLINE bool has_pairs(const Descriptor& plan, const Index* at) {
  constexpr Shape shape = SHAPES[s];
  const Stencil& stencil = plan.stencil[s];
  const Index i = at[shape.dim] / inner_of(stencil, shape.dim);
  if (inside || is_interior(stencil, i)) return shape.pairs > 0;
  const Index row = edge_of(stencil, i);
  return stencil.start[row] < stencil.start[row + 1];
}

// Whether a term that stands at ends only is there.
template <int t, bool inside>
GG_INLINE bool is_there(const Descriptor& plan, const Index* at) {
  constexpr Term term = TERMS[t];
  const bool own = has_pairs<term.stencil, inside>(plan, at);
  if constexpr (term.then >= 0) return own && has_pairs<term.then, inside>(plan, at);
  else return own;
}

// Term t at one element.
template <int t, bool inside>
GG_INLINE Real general(const Descriptor& plan, const Index* at) {
  constexpr Term term = TERMS[t];
  if constexpr (term.then >= 0) {
    constexpr int other = SHAPES[term.then].dim;
    const Rows<t, inside> rows{plan, at, other};
    return row_of<term.then, inside>(plan.stencil[term.then], rows, Unscaled{}, at[other], 1);
  } else {
    return row_beside<t, inside>(plan, at, ROW, 0);
  }
}

}  // namespace
}  // namespace gridgrad

#endif
