// Formula (1) on a device, in vectors along the row.
#ifndef GRIDGRAD_VECTORS_H
#define GRIDGRAD_VECTORS_H

#include "general.h"

namespace gridgrad {
namespace {

// A row that is data of an axis across the row: the same pairs for every element of the vector.
[[maybe_unused]] GG_INLINE Vector<Real> edge_across(const Stencil& stencil, int values, const Stored* f,
                                                    Index i, Index stride) {
  const Index row = edge_of(stencil, i);
  const Pair* pair = stencil.pair + stencil.start[row];
  const int count = static_cast<int>(stencil.start[row + 1] - stencil.start[row]);
  Vector<Real> sum = {};
#pragma unroll 1
  for (int k = 0; k < count; ++k, ++pair) {
    const Real weight = static_cast<Real>(pair->weight);
    const bool is_value = (values & VALUED) && pair->a == pair->b;
    const Vector<Stored> a = fetch(f + (elements(pair->a) - i) * stride);
    const Vector<Stored> b = fetch(f + (elements(pair->b) - i) * stride);
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) {
      const Real value = pair_value(weight, b.at[e], is_value ? Stored{} : a.at[e]);
      sum.at[e] = k == 0 ? value : sum.at[e] + value;
    }
  }
  return sum;
}

// Formula (1) across the row, at point i of its axis; f points to the thread's own elements.
template <bool inside>
GG_INLINE Vector<Real> across(const Stencil& stencil, int weights, int values, const Stored* f, Index i,
                              Index stride) {
  if (!inside && !is_interior(stencil, i)) return edge_across(stencil, values, f, i, stride);
  Real lower = weight_of(stencil, 0), upper = weight_of(stencil, 1);
  if (weights == VARYING) {
    lower = weights_of(stencil, 0)[i];
    upper = weights_of(stencil, 1)[i];
  }
  const Vector<Stored> below = fetch(f - stride), above = fetch(f + stride);
  const Vector<Stored> centre = weights == EQUAL ? above : fetch(f);
  Vector<Real> value;
#pragma unroll
  for (int e = 0; e < VECTOR; ++e)
    value.at[e] = row_value(weights, lower, upper, below.at[e], centre.at[e], above.at[e]);
  return value;
}

// Multiples of the elements themselves, which are all the values that go in vectors.
[[maybe_unused]] GG_INLINE Vector<Real> at_points(const Stencil& stencil, const Stored* f) {
  const Real weight = weight_of(stencil, 0);
  const Vector<Stored> own = fetch(f);
  Vector<Real> value;
#pragma unroll
  for (int e = 0; e < VECTOR; ++e) value.at[e] = weight * load<Real>(own.at[e]);  // which is not 0
  return value;
}

// Formula (1) of the axis in the row, from element j on: neighbours are in the vector or just outside.
// Only the first and the last point may have a row that is data.
[[maybe_unused]] GG_INLINE Vector<Real> along(const Stencil& stencil, int weights, int values,
                                              const Stored* f, Index j, Index stride) {
  const Index inner = inner_of(stencil, ROW);
  const Index points = elements(stencil.length), last = (points - 1) * inner;  // of the last point
  Vector<Real> lower, upper;
  if (weights == VARYING) {
    lower = fetch(weights_of(stencil, 0) + j);
    upper = fetch(weights_of(stencil, 1) + j);
  }
  const Vector<Stored> centre = fetch(f);
  Vector<Stored> below = centre, above = centre;
  if (INNER == VECTOR) {  // a whole vector away
    if (j >= inner) below = fetch(f - inner * stride);
    if (j < last) above = fetch(f + inner * stride);
  }
  const int ends = INNER > 0 ? static_cast<int>(INNER) : 1;  // elements with a neighbour in another vector
#pragma unroll
  for (int e = 0; e < VECTOR; ++e) {
    const bool has_below = j + e >= inner, has_above = j + e < last;
    if (INNER != VECTOR) {
      below.at[e] = e < ends ? f[(has_below ? e - inner : e) * stride] : centre.at[e - ends];
      above.at[e] = e >= VECTOR - ends ? f[(has_above ? e + inner : e) * stride] : centre.at[e + ends];
    }
    if (weights != VARYING) {
      lower.at[e] = weight_of(stencil, 0);
      upper.at[e] = weight_of(stencil, 1);
    }
  }
  Vector<Real> value;
#pragma unroll
  for (int e = 0; e < VECTOR; ++e)
    value.at[e] = row_value(weights, lower.at[e], upper.at[e], below.at[e], centre.at[e], above.at[e]);
  // After all loads: a branch between them would wait for those before it.
  if ((j < inner && stencil.leading) || (j + VECTOR > last && stencil.trailing)) {
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) {
      const Samples own{f + e * stride};
      const bool first = e < ends && j + e < inner && stencil.leading;
      if (first || (e >= VECTOR - ends && j + e >= last && stencil.trailing))
        value.at[e] = edge_row(stencil, first ? 0 : stencil.leading, values, own, Unscaled{},
                               first ? 0 : points - 1, inner * stride);
    }
  }
  return value;
}

}  // namespace
}  // namespace gridgrad

#endif
