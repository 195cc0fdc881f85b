// Lets g++ compile kernels/apply.cu and runs a launch as two loops: over blocks, over their threads.
#pragma once

#include "descriptor.h"

#undef GG_INLINE
#define GG_INLINE inline  // by force, g++ takes about twice as long

#define __global__
#define __launch_bounds__(...)

struct Dim3 {
  unsigned x, y, z;
};

static thread_local Dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace gridgrad {

extern "C" void gridgrad_apply(const Descriptor plan);

// The k-th index of a launch of this shape, x fastest.
inline Dim3 index_of(unsigned k, const Dim3& shape) {
  return Dim3{k % shape.x, k / shape.x % shape.y, k / shape.x / shape.y};
}

// `reversed` runs blocks and threads last to first: a result that depends on the order is wrong.
extern "C" __attribute__((visibility("default"))) void gridgrad_host_launch(const Descriptor* plan,
                                                                            const Dim3* grid,
                                                                            const Dim3* block, int reversed) {
  gridDim = *grid;
  blockDim = *block;
  const unsigned blocks = grid->x * grid->y * grid->z, threads = block->x * block->y * block->z;
  for (unsigned b = 0; b < blocks; ++b) {
    blockIdx = index_of(reversed ? blocks - 1 - b : b, *grid);
    for (unsigned t = 0; t < threads; ++t) {
      threadIdx = index_of(reversed ? threads - 1 - t : t, *block);
      gridgrad_apply(*plan);
    }
  }
}

}  // namespace gridgrad
