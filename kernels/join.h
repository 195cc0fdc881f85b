// What becomes of the values of an output's terms, one after the other. Host and device compile this same
// text.
#ifndef GRIDGRAD_JOIN_H
#define GRIDGRAD_JOIN_H

#include "portable.h"

namespace gridgrad {

// The sum of the values; the root of the sum of their squares, without overflow; the sum of their squares.
enum Join : int { TOTAL, NORM, SQUARES };

// Numbers one by one. What joins words of them has the same two functions.
template <class Real>
struct AsNumbers {
  static GG_INLINE Real size(Real value) { return magnitude(value); }

  // sqrt(p^2 + q^2) in operations that every machine rounds alike.
  static GG_INLINE Real hypotenuse(Real p, Real q) {
    const Real a = magnitude(p), b = magnitude(q);
    const Real big = a > b ? a : b, small = a > b ? b : a, quotient = small / big;
    const Real ratio = small == big ? Real(1) : quotient;  // also of zeros and infinities
    return big * square_root(1 + ratio * ratio);
  }
};

// What an output is after the first of its values: a sum begins with the value itself, so that signed zeros
// survive.
template <class As, class Value>
GG_INLINE Value begun(int join, const Value& value) {
  if (join == NORM) return As::size(value);
  return join == SQUARES ? value * value : value;
}

// What it is after another one.
template <class As, class Value>
GG_INLINE Value joined(int join, const Value& held, const Value& value) {
  if (join == NORM) return As::hypotenuse(held, value);
  return held + (join == SQUARES ? value * value : value);
}

}  // namespace gridgrad

#endif
