// Formula (1) along the row on a device, of elements side by side.
#ifndef GRIDGRAD_VECTORS_H
#define GRIDGRAD_VECTORS_H

#include "general.h"

namespace gridgrad {
namespace {

// Formula (1) of the axis in the row, from element j on: neighbours are in the vector or just outside.
// Only the first and the last point may have a row that is data.
template <int N>
GG_INLINE Vector<Real, N> along(const Stencil& stencil, int weights, int values, const Stored* f, Index j) {
  const Index inner = inner_of(stencil, ROW);
  const Index points = elements(stencil.length), last = (points - 1) * inner;  // of the last point
  Vector<Real, N> lower, upper;
  if (weights == VARYING) {
    lower = fetch<N>(weights_of(stencil, 0) + j, 1);
    upper = fetch<N>(weights_of(stencil, 1) + j, 1);
  }
  const Vector<Stored, N> centre = fetch<N>(f, 1);
  Vector<Stored, N> below = centre, above = centre;
  if (INNER == N) {  // a whole vector away
    if (j >= inner) below = fetch<N>(f - inner, 1);
    if (j < last) above = fetch<N>(f + inner, 1);
  }
  const int ends = INNER > 0 ? static_cast<int>(INNER) : 1;  // elements with a neighbour in another vector
#pragma unroll
  for (int e = 0; e < N; ++e) {
    const bool has_below = j + e >= inner, has_above = j + e < last;
    if (INNER != N) {
      below.at[e] = e < ends ? f[has_below ? e - inner : e] : centre.at[e - ends];
      above.at[e] = e >= N - ends ? f[has_above ? e + inner : e] : centre.at[e + ends];
    }
    if (weights != VARYING) {
      lower.at[e] = weight_of(stencil, 0);
      upper.at[e] = weight_of(stencil, 1);
    }
  }
  Vector<Real, N> value = each<N>([&](int e) {
    return row_value(weights, lower.at[e], upper.at[e], below.at[e], centre.at[e], above.at[e]);
  });
  // After all loads: a branch between them would wait for those before it.
  if ((j < inner && stencil.leading) || (j + N > last && stencil.trailing)) {
#pragma unroll
    for (int e = 0; e < N; ++e) {
      const Samples<1> own{f + e, 1};
      const bool first = e < ends && j + e < inner && stencil.leading;
      if (first || (e >= N - ends && j + e >= last && stencil.trailing))
        value.at[e] = edge_row<1>(stencil, first ? 0 : stencil.leading, values, own, Unscaled{},
                                  first ? 0 : points - 1, inner)
                          .at[0];
    }
  }
  return value;
}

}  // namespace
}  // namespace gridgrad

#endif
