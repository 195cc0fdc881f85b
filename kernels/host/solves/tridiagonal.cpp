// Systems of three diagonals beside each other: down and up the rows, all systems of a row in one loop. What
// the caches give bounds them; they gain little from wider vectors than every CPU has.
#include "../../portable.h"

namespace gridgrad {
namespace {

// Systems along the middle one of three dims, with the same weights beside the diagonals of all.
struct Systems {
  double* x;                 // (outer, length, inner, parts), contiguous: right-hand sides, then solutions
  const double* reciprocal;  // (kinds, length, inner): 1 over the pivots, which repeat along the outer dim
  const double* lower;       // of a row after the first, for the row before
  const double* upper;       // of a row before the last, for the row after
  int64 outer, kinds, length, inner;
};

constexpr int64 STRIP_BYTES = 256 << 10;  // of both sweeps: they stay in the L2 cache
constexpr int64 LEAST = 16;               // numbers of a row: two lines of the cache

// y = (x - l y_before) / p
template <int PARTS>
void eliminate(double* __restrict own, const double* __restrict before, const double* __restrict reciprocal,
               double lower, int64 width) {
  for (int64 j = 0; j < width; ++j)
    for (int part = 0; part < PARTS; ++part)
      own[PARTS * j + part] = (own[PARTS * j + part] - lower * before[PARTS * j + part]) * reciprocal[j];
}

// u = y - u_after (r / p)
template <int PARTS>
void substitute(double* __restrict own, const double* __restrict after, const double* __restrict reciprocal,
                double upper, int64 width) {
  for (int64 j = 0; j < width; ++j)
    for (int part = 0; part < PARTS; ++part)
      own[PARTS * j + part] -= (upper * reciprocal[j]) * after[PARTS * j + part];
}

template <int PARTS>
void strip(const Systems& of, double* x, const double* reciprocal, int64 width) {
  const int64 step = of.inner * PARTS, last = of.length - 1;
  for (int64 j = 0; j < width; ++j)
    for (int part = 0; part < PARTS; ++part) x[PARTS * j + part] *= reciprocal[j];
  for (int64 i = 1; i <= last; ++i)
    eliminate<PARTS>(x + i * step, x + (i - 1) * step, reciprocal + i * of.inner, of.lower[i - 1], width);
  for (int64 i = last - 1; i >= 0; --i)
    substitute<PARTS>(x + i * step, x + (i + 1) * step, reciprocal + i * of.inner, of.upper[i], width);
}

template <int PARTS>
void solve(const Systems& of) {
  const int64 fits = STRIP_BYTES / (of.length * (PARTS + 1) * static_cast<int64>(sizeof(double)));
  const int64 most = fits < LEAST ? LEAST : fits - fits % LEAST, block = of.length * of.inner;
  for (int64 k = 0; k < of.outer; ++k)
    for (int64 j = 0; j < of.inner; j += most)
      strip<PARTS>(of, of.x + PARTS * (k * block + j), of.reciprocal + k % of.kinds * block + j,
                   of.inner - j < most ? of.inner - j : most);
}

}  // namespace

// `sizes`: outer, kinds, length, inner, and 2 parts of complex numbers or 1.
GG_EXPORT void gg_tridiagonal(double* x, const double* reciprocal, const double* lower, const double* upper,
                              const int64* sizes) {
  const Systems systems{x, reciprocal, lower, upper, sizes[0], sizes[1], sizes[2], sizes[3]};
  sizes[4] == 2 ? solve<2>(systems) : solve<1>(systems);
}

}  // namespace gridgrad
