// The plan as plain bytes: one struct for the C ABI, the CUDA parameter and Python's packing.
#ifndef GRIDGRAD_DESCRIPTOR_H
#define GRIDGRAD_DESCRIPTOR_H

#include "portable.h"

namespace gridgrad {

enum : int {
  ABI_VERSION = 9,
  MAX_DIMS = 8,        // after collapsing; right-aligned, unused leading dims have length 1
  MAX_ARRAYS = 20,     // inputs first, then outputs: a jacobian on four axes
  MAX_TERMS = 27,      // ordered by output, those that are not everywhere last
  MAX_STENCILS = 13,   // three operators on four axes and the field itself; CUDA takes 4096 bytes by value
  MAX_PAIRS = 12,      // pairs (a, b, weight) of one interior row
  ROW = MAX_DIMS - 1,  // the vector direction
};

// Storage types, in the order of gridgrad._plan.descriptor.STORAGE.
enum Storage : int {
  HALF,
  BFLOAT16,
  FLOAT32,
  FLOAT64,
  INT8,
  UINT8,
  INT16,
  UINT16,
  INT32,
  UINT32,
  INT64,
  UINT64,
};

// What else is said of a term.
enum Flag : int {
  GATED = 1,     // a factor of 0 reads nothing: 0 is added, whatever the sample is
  HARMONIC = 2,  // the mean at faces is the harmonic one
  FLAGS = 4,
};

// One pair of a row that is data: weight * (f_b - f_a), or weight * f_b where a and b are one point; the
// weight is rounded to the arithmetic type when read.
struct Pair {
  int64 a, b;  // points of the axis
  double weight;
};

// One derivative along one axis. Row i is a sum over pairs: of the offsets below for
// leading <= i < length - trailing, else of pair[start[r]] up to pair[start[r + 1]], where r counts
// the leading rows and then the trailing ones. With two pairs (-1, 0), (0, 1) that is formula (1).
// Where `values` is set a pair is weight * f_b. A weight of 0 in the vectors reads nothing where `values` or
// `selects` is set.
struct Stencil {
  int8 dim, pairs;  // pairs of an interior row
  int8 values, selects;
  int inner;  // elements per point when the axis lies in the row (2 for complex)
  int leading, trailing;
  int64 length;                     // points of the axis
  int8 a[MAX_PAIRS], b[MAX_PAIRS];  // points relative to i
  double weight[MAX_PAIRS];         // when they are the same at every point
  const void* weights;              // else pairs vectors of length * inner of the arithmetic type
  const int64* start;
  const Pair* pair;
};

struct Term {
  int8 output, input, stencil;
  int8 assign;  // 1 for the first term of an output: assigning keeps signed zeros; 0 there adds to what
                // the output holds, which must be of the arithmetic type
  // Factors are other inputs, or -1: `inner` times each sample (of values), `faces` times each pair by its
  // mean at a and b, `outer` times the row's value at its point.
  int8 inner, faces, outer;
  int8 then;  // a stencil along another axis, applied to the rows of the first, or -1
  int8 ends;  // 1: where a row of its stencils has no pairs, as everywhere but at the ends, there is no such
              // term; after the others of its output, and never the first that assigns
  int8 flags;
  // 1 or -1: where the factor has not this sign its product is 0, and nothing is read; a NaN has both signs.
  int8 inner_sign, outer_sign;
};

struct Array {
  void* data;
  int64 stride[MAX_DIMS];  // in elements, any sign
};

struct Descriptor {
  int abi, storage, real_bytes, output_bytes;
  int inputs, outputs, terms, stencils;
  int64 length[MAX_DIMS];
  Array array[MAX_ARRAYS];
  Term term[MAX_TERMS];
  Stencil stencil[MAX_STENCILS];
  int8 join[MAX_ARRAYS];  // by output, a Join of join.h: what its terms are made of one after the other
  int8 slab;              // log2 of the row blocks that a device walks through all slow dims before the next
  int8 surplus[MAX_STENCILS];  // points of the axis that a stencil reads, less its rows: -1 and 1 between
                               // points and faces; lengths and extents of a sweep are those of rows
};

}  // namespace gridgrad

#endif
