// The CUDA loops: one thread per vector of the fastest dim, one launch for all terms of an operator.
//
// A variant is given by macros, from the tables of gridgrad/_kernels.py:
//   GG_STORED GG_REAL GG_OUT  types of the inputs, of the arithmetic and of the outputs
//   GG_INDEX                  int where every offset a thread can form fits, else int64
//   GG_RANK GG_INPUTS GG_OUTPUTS  dims, inputs and outputs in use
//   GG_VECTOR                 elements of one access along the row; 1 for any stride
//   GG_INNER                  elements per point of an axis in the row; 0: the descriptor knows
//   GG_TERMS                  {output, input, stencil, assign}, ... as in the descriptor
//   GG_STENCILS               {dim, weights}, ...
//   GG_STRIDES                1 where the grid is smaller than the work
#include "descriptor.h"
#include "stencil.h"

namespace gridgrad {
namespace {

typedef GG_STORED Stored;
typedef GG_REAL Real;
typedef GG_OUT Out;
typedef GG_INDEX Index;

enum : int { VECTOR = GG_VECTOR, INNER = GG_INNER, FIRST_DIM = MAX_DIMS - GG_RANK, THREADS = 256 };

// EQUAL weights (the short form), DISTINCT lower and upper, or a VARYING pair for every point.
enum Weights : int { EQUAL, DISTINCT, VARYING };

struct Place {
  int dim;
  int weights;
};

template <class T>
struct alignas(sizeof(T) * VECTOR < 16 ? sizeof(T) * VECTOR : 16) Vector {
  T at[VECTOR];
};

template <class T>
GG_INLINE Vector<T> fetch(const T* from) {
  return *reinterpret_cast<const Vector<T>*>(from);
}

GG_INLINE Index elements(int64 value) { return static_cast<Index>(value); }

// Vectors run along the row, where elements then lie side by side in every array.
GG_INLINE Index stride_of(const Array& array, int dim) {
  return dim == ROW && VECTOR > 1 ? 1 : elements(array.stride[dim]);
}

GG_INLINE Index offset(const Array& array, const Index* at) {
  Index sum = 0;
#pragma unroll
  for (int dim = FIRST_DIM; dim < MAX_DIMS; ++dim) sum += at[dim] * stride_of(array, dim);
  return sum;
}

// In bytes: added to a pointer to Out, a 64-bit offset makes NVRTC 13.5 split the 16-byte stores.
GG_INLINE Vector<Out>* target_of(const Array& array, const Index* at) {
  char* const start = static_cast<char*>(array.data);
  return reinterpret_cast<Vector<Out>*>(start + static_cast<int64>(offset(array, at)) *
                                                    static_cast<int64>(sizeof(Out)));
}

// Formula (1) at one point, for each way of giving the weights.
GG_INLINE Real row_value(int weights, Real lower, Real upper, Stored below, Stored centre, Stored above) {
  if (weights == EQUAL) return pair_value(lower, above, below);
  if (weights == DISTINCT) return two_differences(lower, upper, below, centre, above);
  return interior(lower, upper, below, centre, above);
}

// An edge row of an axis across the row: the same pairs for every element of the vector.
GG_INLINE Vector<Real> edge_across(const EdgeRow& edge, const Stored* f, Index i, Index stride) {
  Vector<Real> sum;  // an edge row has at least one pair
#pragma unroll 1
  for (int k = 0; k < static_cast<int>(edge.count); ++k) {
    const Pair& pair = edge.pair[k];
    const Real weight = static_cast<Real>(pair.weight);
    const Vector<Stored> a = fetch(f + (elements(pair.a) - i) * stride);
    const Vector<Stored> b = fetch(f + (elements(pair.b) - i) * stride);
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) {
      const Real value = pair_value(weight, b.at[e], a.at[e]);
      sum.at[e] = k == 0 ? value : sum.at[e] + value;
    }
  }
  return sum;
}

// A term across the row, at point i of its axis; f points to the thread's own elements.
template <bool inside>
GG_INLINE Vector<Real> across(const Stencil& stencil, int weights, const Stored* f, Index i, Index stride) {
  if (!inside && i < stencil.leading) return edge_across(stencil.edge[0], f, i, stride);
  if (!inside && i >= elements(stencil.length) - stencil.trailing)
    return edge_across(stencil.edge[1], f, i, stride);
  Real lower = static_cast<Real>(stencil.lower), upper = static_cast<Real>(stencil.upper);
  if (weights == VARYING) {
    lower = static_cast<const Real*>(stencil.lowers)[i];
    upper = static_cast<const Real*>(stencil.uppers)[i];
  }
  const Vector<Stored> below = fetch(f - stride), above = fetch(f + stride);
  const Vector<Stored> centre = weights == EQUAL ? above : fetch(f);
  Vector<Real> value;
#pragma unroll
  for (int e = 0; e < VECTOR; ++e)
    value.at[e] = row_value(weights, lower, upper, below.at[e], centre.at[e], above.at[e]);
  return value;
}

// An edge row of the axis in the row, at element j, which f points to.
GG_INLINE Real edge_along(const EdgeRow& edge, const Stored* f, Index j, Index component, Index inner,
                          Index stride) {
  Real sum = 0;
#pragma unroll 1
  for (int k = 0; k < static_cast<int>(edge.count); ++k) {
    const Pair& pair = edge.pair[k];
    const Stored a = f[(elements(pair.a) * inner + component - j) * stride];
    const Stored b = f[(elements(pair.b) * inner + component - j) * stride];
    const Real value = pair_value(static_cast<Real>(pair.weight), b, a);
    sum = k == 0 ? value : sum + value;
  }
  return sum;
}

// A term of the axis in the row, from element j on: neighbours are in the vector or just outside.
GG_INLINE Vector<Real> along(const Stencil& stencil, int weights, const Stored* f, Index j, Index stride) {
  const Index inner = INNER > 0 ? static_cast<Index>(INNER) : static_cast<Index>(stencil.inner);
  const Index last = (elements(stencil.length) - 1) * inner;  // first element of the last point
  Vector<Real> lower, upper;
  if (weights == VARYING) {
    lower = fetch(static_cast<const Real*>(stencil.lowers) + j);
    upper = fetch(static_cast<const Real*>(stencil.uppers) + j);
  }
  const Vector<Stored> centre = fetch(f);
  Vector<Stored> below = centre, above = centre;
  if (INNER == VECTOR) {  // a whole vector away
    if (j >= inner) below = fetch(f - inner * stride);
    if (j < last) above = fetch(f + inner * stride);
  }
  const int ends = INNER > 0 ? static_cast<int>(INNER) : 1;  // elements with a neighbour in another vector
  Vector<Real> value;
#pragma unroll
  for (int e = 0; e < VECTOR; ++e) {
    const bool has_below = j + e >= inner, has_above = j + e < last;
    if (INNER != VECTOR) {
      below.at[e] = e < ends ? f[(has_below ? e - inner : e) * stride] : centre.at[e - ends];
      above.at[e] = e >= VECTOR - ends ? f[(has_above ? e + inner : e) * stride] : centre.at[e + ends];
    }
    if (weights != VARYING) {
      lower.at[e] = static_cast<Real>(stencil.lower);
      upper.at[e] = static_cast<Real>(stencil.upper);
    }
    value.at[e] = row_value(weights, lower.at[e], upper.at[e], below.at[e], centre.at[e], above.at[e]);
    if (e < ends && !has_below && stencil.leading)
      value.at[e] = edge_along(stencil.edge[0], f + e * stride, j + e, j + e, inner, stride);
    else if (e >= VECTOR - ends && !has_above && stencil.trailing)
      value.at[e] = edge_along(stencil.edge[1], f + e * stride, j + e, j + e - last, inner, stride);
  }
  return value;
}

// All terms at the elements `at`; the first term of an output assigns, so that signed zeros survive.
template <bool inside>
GG_INLINE void apply_terms(const Descriptor& plan, const Index* at) {
  const Term terms[] = {GG_TERMS};
  const Place places[] = {GG_STENCILS};
  Vector<Real> sums[GG_OUTPUTS];
#pragma unroll
  for (int t = 0; t < static_cast<int>(sizeof terms / sizeof terms[0]); ++t) {
    const Term term = terms[t];
    const Place place = places[term.stencil];
    const Stencil& stencil = plan.stencil[term.stencil];
    const Array& input = plan.array[term.input];
    const Stored* const f = static_cast<const Stored*>(input.data) + offset(input, at);
    const Index i = at[place.dim], stride = stride_of(input, place.dim);
    const Vector<Real> value = place.dim == ROW ? along(stencil, place.weights, f, i, stride)
                                                : across<inside>(stencil, place.weights, f, i, stride);
#pragma unroll
    for (int e = 0; e < VECTOR; ++e)
      sums[term.output].at[e] = term.assign ? value.at[e] : sums[term.output].at[e] + value.at[e];
  }
#pragma unroll
  for (int k = 0; k < GG_OUTPUTS; ++k) {
    Vector<Out> rounded;
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) rounded.at[e] = Rounding<Out, Real>::store(sums[k].at[e]);
    *target_of(plan.array[GG_INPUTS + k], at) = rounded;
  }
}

// Whether no axis across the row is at one of its ends: nearly everywhere, and the same for a warp.
GG_INLINE bool is_inside(const Descriptor& plan, const Index* at) {
  const Place places[] = {GG_STENCILS};
  bool inside = true;
#pragma unroll
  for (int s = 0; s < static_cast<int>(sizeof places / sizeof places[0]); ++s) {
    const Stencil& stencil = plan.stencil[s];
    const Index i = at[places[s].dim];
    if (places[s].dim != ROW)
      inside = inside && i >= stencil.leading && i < elements(stencil.length) - stencil.trailing;
  }
  return inside;
}

// The place of slow point `point` in the dims before the last two.
GG_INLINE void locate(const Descriptor& plan, Index point, Index* at) {
#pragma unroll
  for (int dim = ROW - 2; dim >= FIRST_DIM; --dim) {
    const Index length = elements(plan.length[dim]), quotient = dim > FIRST_DIM ? point / length : 0;
    at[dim] = point - quotient * length;
    point = quotient;
  }
}

}  // namespace

// x runs along the row, y along the dim before it, z over all slower dims. A thread serves one vector,
// or, where the grid's limit of 65535 is less than the work (GG_STRIDES), every gridDim-th one.
extern "C" __global__ void __launch_bounds__(THREADS) gridgrad_apply(const Descriptor plan) {
  Index at[MAX_DIMS] = {};
  at[ROW] =
      (static_cast<Index>(blockIdx.x) * static_cast<Index>(blockDim.x) + static_cast<Index>(threadIdx.x)) *
      VECTOR;
  if (at[ROW] >= elements(plan.length[ROW])) return;
  Index slow = 1;
#pragma unroll
  for (int dim = FIRST_DIM; dim < ROW - 1; ++dim) slow *= elements(plan.length[dim]);
  Index point = static_cast<Index>(blockIdx.z * blockDim.z + threadIdx.z);
  if (point >= slow) return;
  do {
    locate(plan, point, at);
    at[ROW - 1] = static_cast<Index>(blockIdx.y * blockDim.y + threadIdx.y);
    if (at[ROW - 1] >= elements(plan.length[ROW - 1])) return;
    do {
      if (is_inside(plan, at)) apply_terms<true>(plan, at);
      else apply_terms<false>(plan, at);
      at[ROW - 1] += static_cast<Index>(gridDim.y * blockDim.y);
    } while (GG_STRIDES && at[ROW - 1] < elements(plan.length[ROW - 1]));
    point += static_cast<Index>(gridDim.z * blockDim.z);
  } while (GG_STRIDES && point < slow);
}

}  // namespace gridgrad
