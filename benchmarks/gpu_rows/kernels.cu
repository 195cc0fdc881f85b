// What gridgrad's kernels are measured against: random data, copies with as many reads and writes as an operator
// has, and the kernels that one writes by hand. Every kernel takes one `Call`; the macros are REAL, READS, WRITES.
#ifndef REAL
#define REAL float
#endif
#ifndef READS
#define READS 1
#define WRITES 1
#endif

struct Call {
  const void* in[8];
  void* out[9];
  const REAL* x[3];  // coordinates of an axis; null where it has a step
  long long n[4];    // lengths of the axes, or numbers that a kernel names
  double step[3];
};

struct alignas(16) Words {
  unsigned word[4];
};

// n[0] numbers in [0, 1), n[1] is the seed: a hash of the index.
extern "C" __global__ void __launch_bounds__(256) fill(const Call call) {
  const long long i = static_cast<long long>(blockIdx.x) * 256 + threadIdx.x;
  if (i >= call.n[0]) return;
  unsigned long long z = static_cast<unsigned long long>(i + (call.n[1] << 40)) + 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  z ^= z >> 31;
  static_cast<REAL*>(call.out[0])[i] = static_cast<REAL>(z >> 40) / static_cast<REAL>(1 << 24);
}

// Holds the stream back for n[0] ticks of the clock, so that what follows is enqueued before it runs.
extern "C" __global__ void hold(const Call call) {
  const long long start = clock64();
  while (clock64() - start < call.n[0]) {
  }
}

// n[0] times 16 bytes of READS arrays, into WRITES arrays; n[1] of them a thread, a block's width apart.
extern "C" __global__ void __launch_bounds__(256) stream(const Call call) {
  const long long first = static_cast<long long>(blockIdx.x) * 256 * call.n[1] + threadIdx.x;
  for (int k = 0; k < call.n[1]; ++k) {
    const long long i = first + 256 * k;
    if (i >= call.n[0]) return;
    Words sum = static_cast<const Words*>(call.in[0])[i];
#pragma unroll
    for (int r = 1; r < READS; ++r) {
      const Words more = static_cast<const Words*>(call.in[r])[i];
      for (int w = 0; w < 4; ++w) sum.word[w] ^= more.word[w];
    }
#pragma unroll
    for (int w = 0; w < WRITES; ++w) static_cast<Words*>(call.out[w])[i] = sum;
  }
}

// Differences of `f` at point i of an axis, the formula of numpy.gradient.
__device__ inline REAL difference(const Call& call, int axis, const REAL* f, long long i, long long stride) {
  const long long last = call.n[axis] - 1;
  const REAL* const x = call.x[axis];
  const REAL step = static_cast<REAL>(call.step[axis]);
  if (i == 0) return (f[stride] - f[0]) / (x ? x[1] - x[0] : step);
  if (i == last) return (f[0] - f[-stride]) / (x ? x[last] - x[last - 1] : step);
  if (!x) return (f[stride] - f[-stride]) * (static_cast<REAL>(0.5) / step);
  const REAL below = x[i] - x[i - 1], above = x[i + 1] - x[i];
  return -above / (below * (below + above)) * f[-stride] + (above - below) / (below * above) * f[0] +
         below / (above * (below + above)) * f[stride];
}

// One thread a point.
extern "C" __global__ void __launch_bounds__(256) naive_gradient(const Call call) {
  const long long z = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long y = static_cast<long long>(blockIdx.y) * blockDim.y + threadIdx.y, x = blockIdx.z;
  if (z >= call.n[2] || y >= call.n[1]) return;
  const long long rows = call.n[2], planes = call.n[1] * rows, at = x * planes + y * rows + z;
  const REAL* const f = static_cast<const REAL*>(call.in[0]) + at;
  static_cast<REAL*>(call.out[0])[at] = difference(call, 0, f, x, planes);
  static_cast<REAL*>(call.out[1])[at] = difference(call, 1, f, y, rows);
  static_cast<REAL*>(call.out[2])[at] = difference(call, 2, f, z, 1);
}

// One thread a point inside; ends are left alone.
extern "C" __global__ void __launch_bounds__(256) naive_laplacian(const Call call) {
  const long long z = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long y = static_cast<long long>(blockIdx.y) * blockDim.y + threadIdx.y, x = blockIdx.z;
  if (z < 1 || y < 1 || x < 1 || z >= call.n[2] - 1 || y >= call.n[1] - 1 || x >= call.n[0] - 1) return;
  const long long rows = call.n[2], planes = call.n[1] * rows, at = x * planes + y * rows + z;
  const REAL* const f = static_cast<const REAL*>(call.in[0]) + at;
  const REAL weight = static_cast<REAL>(1 / (call.step[0] * call.step[0]));
  static_cast<REAL*>(call.out[0])[at] =
      weight * (f[-planes] + f[planes] + f[-rows] + f[rows] + f[-1] + f[1] - static_cast<REAL>(6) * f[0]);
}

// The 2.5-D scheme: a thread walks along n[3] planes of the slowest axis and keeps three points of it in registers.
extern "C" __global__ void __launch_bounds__(256) marching_laplacian(const Call call) {
  const long long z = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long y = static_cast<long long>(blockIdx.y) * blockDim.y + threadIdx.y;
  const long long rows = call.n[2], planes = call.n[1] * rows;
  long long x = blockIdx.z * call.n[3];
  const long long end = x + call.n[3] < call.n[0] - 1 ? x + call.n[3] : call.n[0] - 1;
  if (x == 0) x = 1;
  if (z < 1 || y < 1 || z >= call.n[2] - 1 || y >= call.n[1] - 1 || x >= end) return;
  const REAL* f = static_cast<const REAL*>(call.in[0]) + x * planes + y * rows + z;
  REAL* out = static_cast<REAL*>(call.out[0]) + x * planes + y * rows + z;
  const REAL weight = static_cast<REAL>(1 / (call.step[0] * call.step[0]));
  REAL below = f[-planes], here = f[0];
  for (; x < end; ++x, f += planes, out += planes) {
    const REAL above = f[planes];
    *out = weight * (below + above + f[-rows] + f[rows] + f[-1] + f[1] - static_cast<REAL>(6) * here);
    below = here;
    here = above;
  }
}
