// The plan as plain bytes: one struct for the C ABI, the CUDA parameter and Python's packing.
#ifndef GRIDGRAD_DESCRIPTOR_H
#define GRIDGRAD_DESCRIPTOR_H

#include "portable.h"

namespace gridgrad {

enum : int {
  ABI_VERSION = 2,
  MAX_DIMS = 8,        // after collapsing; right-aligned, unused leading dims have length 1
  MAX_ARRAYS = 12,     // inputs first, then outputs
  MAX_TERMS = 12,      // ordered by output
  MAX_STENCILS = 6,    // one per differentiated axis and derivative
  MAX_PAIRS = 12,      // pairs (a, b, weight) of one interior row
  ROW = MAX_DIMS - 1,  // the vector direction
};

// Storage types, in the order of gridgrad._plan.STORAGE.
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

// One pair of a row that is data: weight * (f_b - f_a), the weight rounded to the arithmetic type when
// read.
struct Pair {
  int64 a, b;  // points of the axis
  double weight;
};

// One derivative along one axis. Row i is a sum over pairs: of the offsets below for
// leading <= i < length - trailing, else of pair[start[r]] up to pair[start[r + 1]], where r counts
// the leading rows and then the trailing ones. With two pairs (-1, 0), (0, 1) that is formula (1).
// Where `values` is set a pair is weight * f_b, and a weight of 0 reads nothing.
struct Stencil {
  int dim;
  int inner;  // elements per point when the axis lies in the row (2 for complex)
  int leading, trailing;
  int64 length;  // points of the axis
  int pairs;     // of an interior row
  int values;
  int a[MAX_PAIRS], b[MAX_PAIRS];  // points relative to i
  double weight[MAX_PAIRS];        // when they are the same at every point
  const void* weights;             // else pairs vectors of length * inner of the arithmetic type
  const int64* start;
  const Pair* pair;
};

// How a coefficient, another input, enters a term: times the row's value at its point, times each
// sample, or times each pair as the mean of the coefficient at a and b.
enum Place : int { AT_POINT, AT_SAMPLES, AT_FACES };

struct Term {
  int output, input, stencil;
  int assign;       // 1 for the first term of an output: assigning keeps signed zeros
  int coefficient;  // the input, or -1
  int place;
  int then;  // a stencil along another axis, applied to the rows of the first, or -1
  int norm;  // 1: output = hypot(output, value) instead of a sum
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
};

}  // namespace gridgrad

#endif
