// The CUDA loops: one thread per vector of the fastest dim, one launch for all terms of an operator.
//
// A variant is given by macros, from the tables of gridgrad/_kernels.py:
//   GG_STORED GG_REAL GG_OUT  types of the inputs, of the arithmetic and of the outputs
//   GG_INDEX                  int where every offset a thread can form fits, else int64
//   GG_RANK GG_INPUTS GG_OUTPUTS  dims, inputs and outputs in use
//   GG_VECTOR                 elements of one access along the row; 1 for any stride
//   GG_INNER                  elements per point of an axis in the row; 0: the descriptor knows
//   GG_TERMS                  {output, input, stencil, assign, ...}, ... as in the descriptor
//   GG_STENCILS               {dim, weights, values, central, pairs, {a, ...}, {b, ...}}, ...
//   GG_GENERAL                1: rows of any form, one element at a time; 0: formula (1) in vectors
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

// EQUAL weights (the short form), the same DISTINCT ones at every point, or VARYING ones.
enum Weights : int { EQUAL, DISTINCT, VARYING };
// Of a pair: with SELECTED a weight of 0 reads nothing.
enum Kind : int { DIFFERENCE, VALUE, SELECTED };

// What is fixed of a stencil.
struct Shape {
  int dim, weights, values;  // values: a Kind
  int central;               // formula (1)
  int pairs, a[MAX_PAIRS], b[MAX_PAIRS];
};

constexpr Term TERMS[] = {GG_TERMS};
constexpr Shape SHAPES[] = {GG_STENCILS};
enum : int { TERM_COUNT = sizeof TERMS / sizeof TERMS[0], SHAPE_COUNT = sizeof SHAPES / sizeof SHAPES[0] };

// Blocks on a multiprocessor, which leave 64 registers; 0: the compiler's choice. Of many arrays or terms it
// would choose more blocks and spill.
enum : int { BLOCKS = GG_INPUTS + GG_OUTPUTS > 8 || TERM_COUNT > 9 ? 4 : 0 };

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

GG_INLINE const Stored* source_of(const Array& array, const Index* at) {
  return static_cast<const Stored*>(array.data) + offset(array, at);
}

// In bytes: added to a pointer to Out, a 64-bit offset makes NVRTC 13.5 split the 16-byte stores.
GG_INLINE Vector<Out>* target_of(const Array& array, const Index* at) {
  char* const start = static_cast<char*>(array.data);
  return reinterpret_cast<Vector<Out>*>(start + static_cast<int64>(offset(array, at)) *
                                                    static_cast<int64>(sizeof(Out)));
}

// Elements per point of an axis: 1 across the row.
GG_INLINE Index inner_of(const Stencil& stencil, int dim) {
  if (dim != ROW) return 1;
  return INNER > 0 ? static_cast<Index>(INNER) : static_cast<Index>(stencil.inner);
}

// The vector of weights of pair k.
GG_INLINE const Real* weights_of(const Stencil& stencil, int k) {
  return static_cast<const Real*>(stencil.weights) + k * (stencil.length * stencil.inner);
}

GG_INLINE bool is_interior(const Stencil& stencil, Index i) {
  return i >= stencil.leading && i + stencil.trailing < elements(stencil.length);
}

// Which of the rows that are data belongs to point i at an end.
GG_INLINE Index edge_of(const Stencil& stencil, Index i) {
  return i < stencil.leading ? i : stencil.leading + stencil.trailing + i - elements(stencil.length);
}

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

// The coefficient of each pair, around the thread's own element; place -1: there is none.
struct Coefficient {
  int place = -1;
  const Stored* c = nullptr;
  Index step = 0;

  GG_INLINE Real times(Real weight, Index a, Index b) const {
    if (place == AT_SAMPLES) return weight * load<Real>(c[b * step]);
    if (place == AT_FACES) return weight * face_mean<Real>(c[a * step], c[b * step]);
    return weight;
  }
};

// One pair of a row: points relative to the thread's own, `step` elements apart in what `read` reads.
template <class Read>
GG_INLINE Real pair_of(int values, const Read& read, const Coefficient& coefficient, Real weight, Index a,
                       Index b, Index step) {
  const Real scaled = coefficient.times(weight, a, b);
  if (values == VALUE) return sample_value(weight, scaled, read(b * step));
  const Real value = pair_value(scaled, read(b * step), read(a * step));
  return values == SELECTED ? unless_zero(weight, value) : value;
}

// A row that is data, at point i.
template <class Read>
GG_INLINE Real edge_row(const Stencil& stencil, Index row, int values, const Read& read,
                        const Coefficient& coefficient, Index i, Index step) {
  const Pair* pair = stencil.pair + stencil.start[row];
  const int count = static_cast<int>(stencil.start[row + 1] - stencil.start[row]);
  Real sum = 0;
#pragma unroll 1
  for (int k = 0; k < count; ++k, ++pair) {
    const Real value = pair_of(values, read, coefficient, static_cast<Real>(pair->weight),
                               elements(pair->a) - i, elements(pair->b) - i, step);
    sum = k == 0 ? value : sum + value;
  }
  return sum;
}

// A row that is data of an axis across the row: the same pairs for every element of the vector.
[[maybe_unused]] GG_INLINE Vector<Real> edge_across(const Stencil& stencil, const Stored* f, Index i,
                                                    Index stride) {
  const Index row = edge_of(stencil, i);
  const Pair* pair = stencil.pair + stencil.start[row];
  const int count = static_cast<int>(stencil.start[row + 1] - stencil.start[row]);
  Vector<Real> sum = {};
#pragma unroll 1
  for (int k = 0; k < count; ++k, ++pair) {
    const Real weight = static_cast<Real>(pair->weight);
    const Vector<Stored> a = fetch(f + (elements(pair->a) - i) * stride);
    const Vector<Stored> b = fetch(f + (elements(pair->b) - i) * stride);
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) {
      const Real value = pair_value(weight, b.at[e], a.at[e]);
      sum.at[e] = k == 0 ? value : sum.at[e] + value;
    }
  }
  return sum;
}

// Formula (1) across the row, at point i of its axis; f points to the thread's own elements.
template <bool inside>
GG_INLINE Vector<Real> across(const Stencil& stencil, int weights, const Stored* f, Index i, Index stride) {
  if (!inside && !is_interior(stencil, i)) return edge_across(stencil, f, i, stride);
  Real lower = static_cast<Real>(stencil.weight[0]), upper = static_cast<Real>(stencil.weight[1]);
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

// Formula (1) of the axis in the row, from element j on: neighbours are in the vector or just outside.
// Only the first and the last point may have a row that is data.
[[maybe_unused]] GG_INLINE Vector<Real> along(const Stencil& stencil, int weights, const Stored* f, Index j,
                                              Index stride) {
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
  Vector<Real> value;
#pragma unroll
  for (int e = 0; e < VECTOR; ++e) {
    const bool has_below = j + e >= inner, has_above = j + e < last;
    if (INNER != VECTOR) {
      below.at[e] = e < ends ? f[(has_below ? e - inner : e) * stride] : centre.at[e - ends];
      above.at[e] = e >= VECTOR - ends ? f[(has_above ? e + inner : e) * stride] : centre.at[e + ends];
    }
    if (weights != VARYING) {
      lower.at[e] = static_cast<Real>(stencil.weight[0]);
      upper.at[e] = static_cast<Real>(stencil.weight[1]);
    }
    value.at[e] = row_value(weights, lower.at[e], upper.at[e], below.at[e], centre.at[e], above.at[e]);
    const Samples own{f + e * stride};
    const bool first = e < ends && !has_below && stencil.leading;
    if (first || (e >= VECTOR - ends && !has_above && stencil.trailing))
      value.at[e] = edge_row(stencil, first ? 0 : stencil.leading, 0, own, Coefficient{},
                             first ? 0 : points - 1, inner * stride);
  }
  return value;
}

// Any row of stencil s, at the thread's own element `at` of its axis.
template <int s, bool inside, class Read>
GG_INLINE Real row_of(const Stencil& stencil, const Read& read, const Coefficient& coefficient, Index at,
                      Index stride) {
  constexpr Shape shape = SHAPES[s];
  const Index inner = inner_of(stencil, shape.dim), i = at / inner, step = inner * stride;
  if (!inside && !is_interior(stencil, i))
    return edge_row(stencil, edge_of(stencil, i), shape.values, read, coefficient, i, step);
  Real weight[MAX_PAIRS];
#pragma unroll
  for (int k = 0; k < shape.pairs; ++k)
    weight[k] = shape.weights == VARYING ? weights_of(stencil, k)[at] : static_cast<Real>(stencil.weight[k]);
  if (shape.central && coefficient.place < 0) {
    const auto below = read(-step), above = read(step), centre = shape.weights == EQUAL ? above : read(0);
    return row_value(shape.weights, weight[0], weight[1], below, centre, above);
  }
  Real sum = 0;
#pragma unroll
  for (int k = 0; k < shape.pairs; ++k) {
    const Real value = pair_of(shape.values, read, coefficient, weight[k], static_cast<Index>(shape.a[k]),
                               static_cast<Index>(shape.b[k]), step);
    sum = k == 0 ? value : sum + value;
  }
  return sum;
}

// The rows of stencil s as what another stencil reads.
template <int s, bool inside>
struct Rows {
  const Stencil& stencil;
  const Stored* f;
  Index at, stride;
  GG_INLINE Real operator()(Index shift) const {
    return row_of<s, inside>(stencil, Samples{f + shift}, Coefficient{}, at, stride);
  }
};

// Term t at one element.
template <int t, bool inside>
GG_INLINE Real general(const Descriptor& plan, const Index* at) {
  constexpr Term term = TERMS[t];
  constexpr int dim = SHAPES[term.stencil].dim;
  const Stencil& stencil = plan.stencil[term.stencil];
  const Array& input = plan.array[term.input];
  const Stored* const f = source_of(input, at);
  if constexpr (term.then >= 0) {
    constexpr int other = SHAPES[term.then].dim;
    const Rows<term.stencil, inside> rows{stencil, f, at[dim], stride_of(input, dim)};
    return row_of<term.then, inside>(plan.stencil[term.then], rows, Coefficient{}, at[other],
                                     stride_of(input, other));
  } else if constexpr (term.coefficient >= 0 && term.place != AT_POINT) {
    const Array& array = plan.array[term.coefficient];
    const Coefficient coefficient{term.place, source_of(array, at),
                                  stride_of(array, dim) * inner_of(stencil, dim)};
    return row_of<term.stencil, inside>(stencil, Samples{f}, coefficient, at[dim], stride_of(input, dim));
  } else {
    return row_of<term.stencil, inside>(stencil, Samples{f}, Coefficient{}, at[dim], stride_of(input, dim));
  }
}

// Term t at the elements `at`.
template <int t, bool inside>
GG_INLINE Vector<Real> value_of(const Descriptor& plan, const Index* at) {
  constexpr Term term = TERMS[t];
  constexpr Shape shape = SHAPES[term.stencil];
  const Stencil& stencil = plan.stencil[term.stencil];
  const Array& input = plan.array[term.input];
  Vector<Real> value;
  if constexpr (GG_GENERAL) {
    value.at[0] = general<t, inside>(plan, at);
  } else {
    const Stored* const f = source_of(input, at);
    const Index i = at[shape.dim], stride = stride_of(input, shape.dim);
    value = shape.dim == ROW ? along(stencil, shape.weights, f, i, stride)
                             : across<inside>(stencil, shape.weights, f, i, stride);
  }
  if constexpr (term.coefficient >= 0 && term.place == AT_POINT) {
    const Vector<Stored> c = fetch(source_of(plan.array[term.coefficient], at));
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) value.at[e] = value.at[e] * load<Real>(c.at[e]);
  }
  return value;
}

// The terms from t on; the first of an output assigns, so that signed zeros survive, or adds to what is held.
template <int t, bool inside>
GG_INLINE void add_terms(const Descriptor& plan, const Index* at, Vector<Real>* sums) {
  constexpr Term term = TERMS[t];
  if constexpr (!term.assign && (t == 0 || TERMS[t > 0 ? t - 1 : 0].output != term.output)) {
    const Vector<Out> held = *target_of(plan.array[GG_INPUTS + term.output], at);
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) sums[term.output].at[e] = load<Real>(held.at[e]);
  }
  const Vector<Real> value = value_of<t, inside>(plan, at);
#pragma unroll
  for (int e = 0; e < VECTOR; ++e) {
    Real& sum = sums[term.output].at[e];
    if (term.norm) sum = term.assign ? magnitude(value.at[e]) : hypotenuse(sum, value.at[e]);
    else sum = term.assign ? value.at[e] : sum + value.at[e];
  }
  if constexpr (t + 1 < TERM_COUNT) add_terms<t + 1, inside>(plan, at, sums);
}

template <bool inside>
GG_INLINE void apply_terms(const Descriptor& plan, const Index* at) {
  Vector<Real> sums[GG_OUTPUTS];
  add_terms<0, inside>(plan, at, sums);
#pragma unroll
  for (int k = 0; k < GG_OUTPUTS; ++k) {
    Vector<Out> rounded;
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) rounded.at[e] = Rounding<Out, Real>::store(sums[k].at[e]);
    *target_of(plan.array[GG_INPUTS + k], at) = rounded;
  }
}

// Whether no axis from stencil s on is at one of its ends: nearly everywhere, and nearly always the
// same for a warp. `along` looks after its own ends.
template <int s>
GG_INLINE bool is_inside(const Descriptor& plan, const Index* at) {
  constexpr Shape shape = SHAPES[s];
  const Stencil& stencil = plan.stencil[s];
  bool inside = true;
  if (GG_GENERAL || shape.dim != ROW)
    inside = is_interior(stencil, at[shape.dim] / inner_of(stencil, shape.dim));
  if constexpr (s + 1 < SHAPE_COUNT) return is_inside<s + 1>(plan, at) && inside;
  else return inside;
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
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) gridgrad_apply(const Descriptor plan) {
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
      if (is_inside<0>(plan, at)) apply_terms<true>(plan, at);
      else apply_terms<false>(plan, at);
      at[ROW - 1] += static_cast<Index>(gridDim.y * blockDim.y);
    } while (GG_STRIDES && at[ROW - 1] < elements(plan.length[ROW - 1]));
    point += static_cast<Index>(gridDim.z * blockDim.z);
  } while (GG_STRIDES && point < slow);
}

}  // namespace gridgrad
