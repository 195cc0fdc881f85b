// What core.cpp and every CPU level of apply.cpp agree on.
#ifndef GRIDGRAD_SWEEP_H
#define GRIDGRAD_SWEEP_H

#include "../descriptor.h"

namespace gridgrad {

enum Status : int {
  OK,
  BAD_ABI,
  BAD_COUNTS,
  BAD_TERM,
  BAD_STENCIL,
  NULL_POINTER,
  UNALIGNED,
  OVERLAP,
  NO_MEMORY,
  READ_ONLY
};

// A box of the index space: begin and end per (collapsed) dim.
struct Box {
  int64 begin[MAX_DIMS], end[MAX_DIMS];
};

// What a sweep does for the caches: whether outputs are stored past them, and the bytes of one plane of a
// block of rows, three of which are to stay there.
struct Caches {
  bool stream;
  int64 block_bytes;
};

// Applies the plan inside the box; pointers hold the inputs, then the outputs.
typedef void Sweep(const Descriptor& plan, void* const* pointers, const Box& box, const Caches& caches);

}  // namespace gridgrad

#endif
