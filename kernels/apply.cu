// The CUDA loops: one thread for some elements of the fastest dim, one launch for all terms of an operator;
// variant.h says what a variant is.
#include "general.h"
#include "join.h"
#include "variant.h"
#include "vectors.h"

namespace gridgrad {
namespace {

// Term t at the N elements from `at` on.
template <int t, bool inside, int N>
GG_INLINE Vector<Real, N> value_of(const Descriptor& plan, const Index* at) {
  constexpr Term term = TERMS[t];
  constexpr Shape shape = SHAPES[term.stencil];
  Vector<Real, N> value;
  if constexpr (WIDE && shape.dim == ROW && shape.values != VALUE)
    value = along<N>(plan.stencil[term.stencil], shape.weights, shape.values,
                     source_of(plan.array[term.input], at), at[ROW]);
  else value = general<t, inside, N>(plan, at);
  if constexpr (term.outer >= 0) {
    const Array& factor = plan.array[term.outer];
    const Vector<Stored, N> c = fetch<N>(source_of(factor, at), stride_of(factor, ROW));
    value = each<N>([&](int e) {
      const Real k = load<Real>(c.at[e]);
      return unless_other(term.outer_sign, k, times_outer(value.at[e], k, term.flags & GATED));
    });
  }
  return value;
}

// The terms from t on; the first of an output assigns, so that signed zeros survive, or adds to what is held.
template <int t, bool inside, int N>
GG_INLINE void add_terms(const Descriptor& plan, const Index* at, Vector<Real, N>* sums) {
  constexpr Term term = TERMS[t];
  Vector<Real, N>& sum = sums[term.output];
  if constexpr (!term.assign && (t == 0 || TERMS[t > 0 ? t - 1 : 0].output != term.output)) {
    const Array& target = plan.array[GG_INPUTS + term.output];
    const Vector<Out, N> held =
        fetch<N>(const_cast<const Out*>(target_of(target, at)), stride_of(target, ROW));
    sum = each<N>([&](int e) { return load<Real>(held.at[e]); });
  }
  if (!term.ends || is_there<t, inside, N>(plan, at)) {
    const Vector<Real, N> value = value_of<t, inside, N>(plan, at);
    constexpr int join = JOINS[term.output];
    sum = each<N>([&](int e) {
      return term.assign ? begun<AsNumbers<Real>>(join, value.at[e])
                         : joined<AsNumbers<Real>>(join, sum.at[e], value.at[e]);
    });
  }
  if constexpr (t + 1 < TERM_COUNT) add_terms<t + 1, inside, N>(plan, at, sums);
}

template <bool inside, int N>
GG_INLINE void apply_terms(const Descriptor& plan, const Index* at) {
  Vector<Real, N> sums[GG_OUTPUTS];
  add_terms<0, inside, N>(plan, at, sums);
#pragma unroll
  for (int k = 0; k < GG_OUTPUTS; ++k) {
    const Array& target = plan.array[GG_INPUTS + k];
    Vector<Out, N> rounded;
#pragma unroll
    for (int e = 0; e < N; ++e) rounded.at[e] = Rounding<Out, Real>::store(sums[k].at[e]);
    put<N>(target_of(target, at), stride_of(target, ROW), rounded);
  }
}

// Whether no axis from stencil s on is at one of its ends: nearly everywhere, and nearly always the
// same for a warp. Of several elements in the row, `along` and `Span` look after the ends.
template <int s>
GG_INLINE bool is_inside(const Descriptor& plan, const Index* at) {
  constexpr Shape shape = SHAPES[s];
  const Stencil& stencil = plan.stencil[s];
  bool inside = true;
  if (ELEMENTS == 1 || shape.dim != ROW)
    inside = is_interior(stencil, at[shape.dim] / inner_of(stencil, shape.dim));
  if constexpr (s + 1 < SHAPE_COUNT) return is_inside<s + 1>(plan, at) && inside;
  else return inside;
}

// What of a row is inside the ends of all its stencils from s on: from `first` up to `last`, in elements.
struct Span {
  Index first, last;
};

template <int s>
GG_INLINE Span span_of(const Descriptor& plan) {
  constexpr Shape shape = SHAPES[s];
  Span span = {0, elements(plan.length[ROW])};
  if constexpr (s + 1 < SHAPE_COUNT) span = span_of<s + 1>(plan);
  if constexpr (shape.dim == ROW) {
    const Stencil& stencil = plan.stencil[s];
    const Index inner = inner_of(stencil, ROW), first = stencil.leading * inner;
    const Index last = elements(plan.length[ROW]) - stencil.trailing * inner;
    if (first > span.first) span.first = first;
    if (last < span.last) span.last = last;
  }
  return span;
}

// The first element of thread `thread` of a row, or one that is none. Elements apart fill the span from its
// beginning; the last warp stands at its end, where it repeats some of what the one before it does.
GG_INLINE Index element_of(const Descriptor& plan, const Span& span, Index thread) {
  if constexpr (!APART) return thread * ELEMENTS;
  const Index start = span.first + thread / GAP * (GAP * ELEMENTS), latest = span.last - GAP * ELEMENTS;
  if (start >= span.last) return elements(plan.length[ROW]);
  return (start < latest ? start : latest) + thread % GAP;
}

// The elements of thread `thread` of a row, from `at` on, and one of those outside the span, if there are so
// many.
GG_INLINE void apply_at(const Descriptor& plan, const Span& span, Index thread, const Index* at) {
  if (is_inside<0>(plan, at)) apply_terms<true, ELEMENTS>(plan, at);
  else apply_terms<false, ELEMENTS>(plan, at);
  if constexpr (APART) {
    const Index end = thread < span.first ? thread : thread - span.first + span.last;
    if (end >= elements(plan.length[ROW])) return;
    Index own[MAX_DIMS] = {};
#pragma unroll
    for (int dim = FIRST_DIM; dim < ROW; ++dim) own[dim] = at[dim];
    own[ROW] = end;
    apply_terms<false, 1>(plan, own);
  }
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

// Columns run along the row, rows along the dim before it, layers over all slower dims. A thread serves its
// elements of a row in PLANES layers, whose neighbours are then in the first-level cache, or, where CUDA's
// limit of 65535 for y and z is less than the work (GG_STRIDES), all those that are the grid's extent apart.
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) gridgrad_apply(const Descriptor plan) {
  const Place block = place_of_block(plan);
  Index at[MAX_DIMS] = {};
  const Index thread =
      static_cast<Index>(block.column) * static_cast<Index>(blockDim.x) + static_cast<Index>(threadIdx.x);
  const Span span = span_of<0>(plan);
  at[ROW] = element_of(plan, span, thread);
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
        apply_at(plan, span, thread, at);
      }
      at[ROW - 1] += static_cast<Index>(block.rows * blockDim.y);
    } while (GG_STRIDES && at[ROW - 1] < elements(plan.length[ROW - 1]));
    point += static_cast<Index>(block.layers * blockDim.z) * PLANES;
  } while (GG_STRIDES && point < slow);
}

}  // namespace gridgrad
