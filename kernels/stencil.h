// The point: differences, formula (1) and the storage types. Host and device compile this same text.
#ifndef GRIDGRAD_STENCIL_H
#define GRIDGRAD_STENCIL_H

#include "portable.h"

namespace gridgrad {

// IEEE 754 binary16 and bfloat16 as bits: storage only, arithmetic is in float or double.
struct Half {
  uint16 bits;
};
struct BFloat16 {
  uint16 bits;
};

template <class Real, class Stored>
GG_INLINE Real load(Stored value) {
  return static_cast<Real>(value);
}

template <class Real>
GG_INLINE Real load(Half value) {
  return static_cast<Real>(float_of_half(value.bits));
}

template <class Real>
GG_INLINE Real load(BFloat16 value) {
  return static_cast<Real>(float_of_bits(static_cast<uint32>(value.bits) << 16));
}

template <class Stored, class Real>
struct Rounding {
  static GG_INLINE Stored store(Real value) { return static_cast<Stored>(value); }
};

// Round to nearest, ties to even; overflow to infinity; NaN stays NaN.
template <class Real>
struct Rounding<Half, Real> {
  static GG_INLINE Half store(Real value) { return Half{half_of_float(static_cast<float>(value))}; }
};

template <class Real>
struct Rounding<BFloat16, Real> {
  static GG_INLINE BFloat16 store(Real value) {
    const uint32 all = bits_of_float(static_cast<float>(value));
    const uint32 rounded = (all + 0x7fffu + ((all >> 16) & 1u)) >> 16;
    const bool is_nan = (all & 0x7fffffffu) > 0x7f800000u;
    return BFloat16{static_cast<uint16>(is_nan ? (all >> 16) | 0x40u : rounded)};
  }
};

// f_b - f_a in the arithmetic type, rounded once.
template <class Real, class Stored>
struct Difference {
  static GG_INLINE Real of(Stored b, Stored a) { return load<Real>(b) - load<Real>(a); }
};

// 64-bit integers: the magnitude of any difference fits in uint64, so it is formed exactly.
template <class Real>
struct Difference<Real, uint64> {
  static GG_INLINE Real of(uint64 b, uint64 a) {
    return b >= a ? static_cast<Real>(b - a) : -static_cast<Real>(a - b);
  }
};

template <class Real>
struct Difference<Real, int64> {
  static GG_INLINE Real of(int64 b, int64 a) {
    const uint64 forward = static_cast<uint64>(b) - static_cast<uint64>(a);
    return b >= a ? static_cast<Real>(forward) : -static_cast<Real>(0 - forward);
  }
};

// One pair of an edge row: weight * (f_b - f_a).
template <class Real, class Stored>
GG_INLINE Real pair_value(Real weight, Stored b, Stored a) {
  return weight * Difference<Real, Stored>::of(b, a);
}

// Formula (1): lower * (f_i - f_{i-1}) + upper * (f_{i+1} - f_i).
template <class Real, class Stored>
GG_INLINE Real two_differences(Real lower, Real upper, Stored below, Stored centre, Stored above) {
  return lower * Difference<Real, Stored>::of(centre, below) +
         upper * Difference<Real, Stored>::of(above, centre);
}

// The same row; equal weights take the short form, which does not read f_i, so that a NaN at the
// centre stays where numpy.gradient leaves it on a uniform grid.
template <class Real, class Stored>
GG_INLINE Real interior(Real lower, Real upper, Stored below, Stored centre, Stored above) {
  const Real wide = pair_value(lower, above, below);
  const Real split = two_differences(lower, upper, below, centre, above);
  return lower == upper ? wide : split;
}

// One pair of a row of values: scaled * f_b, where scaled is the weight or its product with a
// coefficient. A weight of 0 reads nothing.
template <class Real, class Stored>
GG_INLINE Real sample_value(Real weight, Real scaled, Stored b) {
  const Real product = scaled * load<Real>(b);
  return weight == 0 ? Real(0) : product;
}

// The same of a row of differences whose weights may be 0.
template <class Real>
GG_INLINE Real unless_zero(Real weight, Real product) {
  return weight == 0 ? Real(0) : product;
}

// A product with a factor of which only the values of one sign count, if there is one; a NaN has both.
template <class Real>
GG_INLINE Real unless_other(int sign, Real factor, Real product) {
  const bool is_other = sign > 0 ? factor <= 0 : sign < 0 && factor >= 0;
  return is_other ? Real(0) : product;
}

// The value of a row times the factor at its point; gated, a factor of 0 reads nothing.
template <class Real>
GG_INLINE Real times_outer(Real value, Real factor, bool gated) {
  const Real product = value * factor;
  return gated ? unless_zero(factor, product) : product;
}

// A coefficient at the face between two points: the arithmetic mean, or the harmonic one, which is 0 beside
// a 0, and exactly a where both are a.
template <class Real>
GG_INLINE Real harmonic_mean(Real a, Real b) {
  const Real small = a < b ? a : b, big = a < b ? b : a, share = big / (a + b);
  return small == 0 ? Real(0) : small * (share + share);
}

template <class Real, class Stored>
GG_INLINE Real face_mean(Stored a, Stored b, bool harmonic) {
  const Real p = load<Real>(a), q = load<Real>(b);
  return harmonic ? harmonic_mean(p, q) : (p + q) * Real(0.5);
}

}  // namespace gridgrad

#endif
