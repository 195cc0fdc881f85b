// The CUDA loops: one thread per vector of the fastest dim, one launch for all terms of an operator;
// variant.h says what a variant is.
#include "general.h"
#include "variant.h"
#include "vectors.h"

namespace gridgrad {
namespace {

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
    if constexpr (shape.values == VALUE) value = at_points(stencil, f);
    else if constexpr (shape.dim == ROW) value = along(stencil, shape.weights, shape.values, f, i, stride);
    else value = across<inside>(stencil, shape.weights, shape.values, f, i, stride);
  }
  if constexpr (term.outer >= 0) {
    const Vector<Stored> c = fetch(source_of(plan.array[term.outer], at));
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
  if (!term.ends || is_there<t, inside>(plan, at)) {
    const Vector<Real> value = value_of<t, inside>(plan, at);
#pragma unroll
    for (int e = 0; e < VECTOR; ++e) {
      Real& sum = sums[term.output].at[e];
      if constexpr (NORMS[term.output] != 0)
        sum = term.assign ? magnitude(value.at[e]) : hypotenuse(sum, value.at[e]);
      else sum = term.assign ? value.at[e] : sum + value.at[e];
    }
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

// Where a block stands among the columns, rows and layers of blocks, and how many rows and layers there are.
struct Place {
  uint32 column, row, layer, rows, layers;
};

// In slabs of rows x runs down a slab and then along the row, y over the layers, z from slab to slab: what
// neighbouring layers share is then still in the cache, however large they are.
GG_INLINE Place place_of_block(const Descriptor& plan) {
  if constexpr (GG_SLABS) {
    const int slab = plan.slab;
    const uint32 within = blockIdx.x & ((1u << slab) - 1);
    return {blockIdx.x >> slab, (blockIdx.z << slab) + within, blockIdx.y, gridDim.z << slab, gridDim.y};
  } else {
    return {blockIdx.x, blockIdx.y, blockIdx.z, gridDim.y, gridDim.z};
  }
}

}  // namespace

// Columns run along the row, rows along the dim before it, layers over all slower dims. A thread serves one
// vector of PLANES layers, whose neighbours are then in the first-level cache, or, where CUDA's limit of
// 65535 for y and z is less than the work (GG_STRIDES), all those that are the grid's extent apart.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) gridgrad_apply(const Descriptor plan) {
  const Place block = place_of_block(plan);
  Index at[MAX_DIMS] = {};
  at[ROW] =
      (static_cast<Index>(block.column) * static_cast<Index>(blockDim.x) + static_cast<Index>(threadIdx.x)) *
      VECTOR;
  if (at[ROW] >= elements(plan.length[ROW])) return;
  Index slow = 1;
#pragma unroll
  for (int dim = FIRST_DIM; dim < ROW - 1; ++dim) slow *= elements(plan.length[dim]);
  Index point = static_cast<Index>(block.layer * blockDim.z + threadIdx.z) * PLANES;
  if (point >= slow) return;
  do {
    at[ROW - 1] = static_cast<Index>(block.row * blockDim.y + threadIdx.y);
    if (at[ROW - 1] >= elements(plan.length[ROW - 1])) return;
    do {
#pragma unroll 1
      for (int plane = 0; plane < PLANES; ++plane) {
        if (PLANES > 1 && point + plane >= slow) break;
        locate(plan, point + plane, at);
        if (is_inside<0>(plan, at)) apply_terms<true>(plan, at);
        else apply_terms<false>(plan, at);
      }
      at[ROW - 1] += static_cast<Index>(block.rows * blockDim.y);
    } while (GG_STRIDES && at[ROW - 1] < elements(plan.length[ROW - 1]));
    point += static_cast<Index>(block.layers * blockDim.z) * PLANES;
  } while (GG_STRIDES && point < slow);
}

}  // namespace gridgrad
