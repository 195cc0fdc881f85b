// What is fixed when a variant is compiled, and where the elements of a thread are.
//
// A variant is given by macros, from the tables of gridgrad/_backends/cuda/variants.py:
//   GG_STORED GG_REAL GG_OUT  types of the inputs, of the arithmetic and of the outputs
//   GG_INDEX                  int where every offset a thread can form fits, else int64
//   GG_RANK GG_INPUTS GG_OUTPUTS  dims, inputs and outputs in use
//   GG_VECTOR                 elements of one access along the row; 1 for any stride
//   GG_ELEMENTS               elements of a thread: of its one access, or of several of one element
//   GG_GAP                    from one of those to the next: a warp's width, so that warps read side by side
//   GG_UNIT                   1 where the elements of a row are side by side in every array
//   GG_INNER                  elements per point of an axis in the row; 0: the descriptor knows
//   GG_TERMS                  {output, input, stencil, assign, ...}, ... as in the descriptor
//   GG_JOINS                  a Join for each output, as in the descriptor
//   GG_STENCILS               {dim, weights, values, central, pairs, {a, ...}, {b, ...}}, ...
//   GG_PLANES                 layers that a thread does, one after the other
//   GG_SLABS                  1 where the blocks walk in slabs of rows
//   GG_STRIDES                1 where the grid is smaller than the work
//   GG_BLOCKS                 blocks on a multiprocessor to leave registers for; 0: the compiler's choice
#ifndef GRIDGRAD_VARIANT_H
#define GRIDGRAD_VARIANT_H

#include "descriptor.h"
#include "stencil.h"

namespace gridgrad {
namespace {

typedef GG_STORED Stored;
typedef GG_REAL Real;
typedef GG_OUT Out;
typedef GG_INDEX Index;

enum : int { VECTOR = GG_VECTOR, ELEMENTS = GG_ELEMENTS, GAP = GG_GAP };
// How a thread's elements lie: side by side in one access, or apart and all inside the ends of the row.
enum : int { WIDE = VECTOR > 1, APART = VECTOR == 1 && ELEMENTS > 1 };
enum : int { INNER = GG_INNER, FIRST_DIM = MAX_DIMS - GG_RANK, PLANES = GG_PLANES };
enum : int { THREADS = 256, BLOCKS = GG_BLOCKS };

// EQUAL weights (the short form), the same DISTINCT ones at every point, or VARYING ones.
enum Weights : int { EQUAL, DISTINCT, VARYING };
// Of a stencil's pairs: with SELECTED a weight of 0 reads nothing; VALUED ones have values among them, pairs
// with equal ends.
enum Kind : int { DIFFERENCE, VALUE, SELECTED, VALUED = 4 };

// What is fixed of a stencil.
struct Shape {
  int dim, weights, values;  // values: Kinds
  int central;               // formula (1)
  int pairs, a[MAX_PAIRS], b[MAX_PAIRS];
};

constexpr Term TERMS[] = {GG_TERMS};
constexpr Shape SHAPES[] = {GG_STENCILS};
constexpr int JOINS[] = {GG_JOINS};
enum : int { TERM_COUNT = sizeof TERMS / sizeof TERMS[0], SHAPE_COUNT = sizeof SHAPES / sizeof SHAPES[0] };

// One T for each of N elements of a thread.
template <class T, int N>
struct alignas(WIDE&& N == VECTOR ? (sizeof(T) * N < 16 ? sizeof(T) * N : 16) : alignof(T)) Vector {
  T at[N];
};

// What `of` gives for each of N elements.
template <int N, class Of>
GG_INLINE Vector<Real, N> each(const Of& of) {
  Vector<Real, N> value;
#pragma unroll
  for (int e = 0; e < N; ++e) value.at[e] = of(e);
  return value;
}

// The N elements of a thread in a row whose elements are `stride` apart.
template <int N, class T>
GG_INLINE Vector<T, N> fetch(const T* from, Index stride) {
  Vector<T, N> value;
  if constexpr (WIDE && N == VECTOR) {
    value = *reinterpret_cast<const Vector<T, N>*>(from);
  } else {
#pragma unroll
    for (int e = 0; e < N; ++e) value.at[e] = from[e * GAP * stride];
  }
  return value;
}

template <int N, class T>
GG_INLINE void put(T* to, Index stride, const Vector<T, N>& value) {
  if constexpr (WIDE && N == VECTOR) {
    *reinterpret_cast<Vector<T, N>*>(to) = value;
  } else {
#pragma unroll
    for (int e = 0; e < N; ++e) to[e * GAP * stride] = value.at[e];
  }
}

GG_INLINE Index elements(int64 value) { return static_cast<Index>(value); }

GG_INLINE Index stride_of(const Array& array, int dim) {
  return dim == ROW && GG_UNIT ? 1 : elements(array.stride[dim]);
}

GG_INLINE Index offset(const Array& array, const Index* at) {
  Index sum = 0;
#pragma unroll
  for (int dim = FIRST_DIM; dim < MAX_DIMS; ++dim) sum += at[dim] * stride_of(array, dim);
  return sum;
}

GG_INLINE const Stored* source_of(const Array& array, const Index* at) {
  return static_cast<const Stored*>(array.data) + offset(array, at);
}

// In bytes: added to a pointer to Out, a 64-bit offset makes NVRTC 13.5 split the 16-byte stores.
GG_INLINE Out* target_of(const Array& array, const Index* at) {
  char* const start = static_cast<char*>(array.data);
  return reinterpret_cast<Out*>(start +
                                static_cast<int64>(offset(array, at)) * static_cast<int64>(sizeof(Out)));
}

// Elements per point of an axis: 1 across the row.
GG_INLINE Index inner_of(const Stencil& stencil, int dim) {
  if (dim != ROW) return 1;
  return INNER > 0 ? static_cast<Index>(INNER) : static_cast<Index>(stencil.inner);
}

// The weight of pair k at every point. On a device the slots hold numbers of the arithmetic type, side by
// side: to convert doubles costs more than the arithmetic of float32 where doubles are slow.
GG_INLINE Real weight_of(const Stencil& stencil, int k) {
  return reinterpret_cast<const Real*>(stencil.weight)[k];
}

// The vector of weights of pair k.
GG_INLINE const Real* weights_of(const Stencil& stencil, int k) {
  return static_cast<const Real*>(stencil.weights) + k * (stencil.length * stencil.inner);
}

[[maybe_unused]] GG_INLINE bool is_interior(const Stencil& stencil, Index i) {
  return i >= stencil.leading && i + stencil.trailing < elements(stencil.length);
}

// Which of the rows that are data belongs to point i at an end.
[[maybe_unused]] GG_INLINE Index edge_of(const Stencil& stencil, Index i) {
  return i < stencil.leading ? i : stencil.leading + stencil.trailing + i - elements(stencil.length);
}

}  // namespace
}  // namespace gridgrad

#endif
