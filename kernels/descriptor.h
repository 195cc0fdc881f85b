// The plan as plain bytes: one struct for the C ABI, the CUDA parameter and Python's packing.
#ifndef GRIDGRAD_DESCRIPTOR_H
#define GRIDGRAD_DESCRIPTOR_H

#include "portable.h"

namespace gridgrad {

enum : int {
  ABI_VERSION = 1,
  MAX_DIMS = 8,        // after collapsing; right-aligned, unused leading dims have length 1
  MAX_ARRAYS = 12,     // inputs first, then outputs
  MAX_TERMS = 12,      // ordered by output
  MAX_STENCILS = 6,    // one per differentiated axis and derivative
  MAX_PAIRS = 4,       // pairs (a, b, weight) of one edge row
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

struct Pair {
  int64 a, b;     // points of the axis
  double weight;  // weight * (f_b - f_a), rounded to the arithmetic type when read
};

struct EdgeRow {
  int64 count;
  Pair pair[MAX_PAIRS];
};

// One axis: rows `leading .. length - trailing - 1` follow formula (1), the others are data.
struct Stencil {
  int dim;
  int inner;              // elements per point when the axis lies in the row (2 for complex)
  int leading, trailing;  // edge rows at either end, 0 or 1
  int64 length;           // points of the axis
  double lower, upper;    // the weights when they are the same at every point
  const void* lowers;     // else length * inner weights of the arithmetic type
  const void* uppers;
  EdgeRow edge[2];  // leading row, trailing row
};

struct Term {
  int output, input, stencil;
  int assign;  // 1 for the first term of an output: assigning keeps signed zeros
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
