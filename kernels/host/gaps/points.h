// Rows at single points of flat fields, beside gaps, as Python lists them.
#ifndef GRIDGRAD_POINTS_H
#define GRIDGRAD_POINTS_H

#include "../../descriptor.h"

namespace gridgrad {

// The rows of one term in groups of points that read alike, so that a loop over a group decides nothing.
struct RowsAtPoints {
  const int32* start;  // of each group its first pair
  const int32*
      a;  // of a pair: weight * (f[p + b] - f[p + a]) at the point p, weight * f[p + b] where both are one
  const int32* b;
  const void* weight;  // of each pair, or spread
  const int64*
      spread;  // where arrays have one value for each pair at each point: the first one of each group
  const void* f;
  const void* faces;  // its mean at both points is a factor of the pair; null: none
  const void* outer;  // a factor of the row, at its point; null: none
  const int32* at_f;  // where f is read, spread, and f are values; null: at points
  const int32* at_faces;
  const int32* at_outer;  // of each point; null: there
  int64 varies;           // whether weights are spread
  int64 harmonic;         // the mean at faces, which lets nothing past where it is 0
  int64 outer_sign;       // of which alone factors of the row count; 0: both
  int64 join;             // of the output, a Join of ../../join.h
};

// What the rows of an output are written to: one after the other, or each at its point.
struct Places {
  const int32* points;
  const int32* bounds;  // group g has the points bounds[g] to bounds[g + 1] - 1
  void* values;
  int64 at_points;
};

}  // namespace gridgrad

#endif
