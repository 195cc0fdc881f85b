// A row at once: the formulas of stencil.h bound to the arrays of one row, and how a row is read.
#ifndef GRIDGRAD_ROWS_H
#define GRIDGRAD_ROWS_H

#include "descriptor.h"
#include "stencil.h"
#include "stream.h"

namespace gridgrad {
namespace {

// The neighbours of one row as element offsets: what a slow axis asks of a whole row.
template <class Real>
struct Pairs {
  int64 count;
  int64 a[MAX_PAIRS], b[MAX_PAIRS];
  Real weight[MAX_PAIRS];

  void add(int64 from, int64 to, Real value) {
    a[count] = from;
    b[count] = to;
    weight[count++] = value;
  }
};

// How a row operator reads: one strided element at a time, or a word of neighbouring ones.
template <class Stored, class Real, class Stride>
struct Elements {
  Stride stride;
  Stored operator()(const Stored* f, int64 j) const { return f[j * stride]; }
  Real weight(Real value) const { return value; }
  Real weight(const Real* values, int64 j) const { return values[j]; }
};

template <class Real>
struct Words {
  typedef Real Word __attribute__((vector_size(WORD_BYTES)));
  static const int64 LANES = WORD_BYTES / static_cast<int64>(sizeof(Real));
  Word operator()(const Real* f, int64 j) const {
    Word word;
    std::memcpy(&word, f + j, sizeof word);
    return word;
  }
  Word weight(Real value) const {
    Word word;
    for (int64 k = 0; k < LANES; ++k) word[k] = value;
    return word;
  }
  Word weight(const Real* values, int64 j) const { return (*this)(values, j); }
};

// Row operators: the formulas of stencil.h, bound to the arrays of one row.
template <class Stored, class Real>
struct OnePair {
  const Stored *a, *b;
  Real weight;
  template <class Read>
  auto at(const Read& read, int64 j) const {
    return pair_value(read.weight(weight), read(b, j), read(a, j));
  }
};

template <class Stored, class Real>
struct TwoDifferences {
  const Stored *below, *centre, *above;
  Real lower, upper;
  template <class Read>
  auto at(const Read& read, int64 j) const {
    return two_differences(read.weight(lower), read.weight(upper), read(below, j), read(centre, j),
                           read(above, j));
  }
};

template <class Stored, class Real>
struct ManyPairs {
  const Stored* f;
  Pairs<Real> pairs;
  template <class Read>
  auto at(const Read& read, int64 j) const {
    auto sum = pair_value(read.weight(pairs.weight[0]), read(f + pairs.b[0], j), read(f + pairs.a[0], j));
    for (int64 k = 1; k < pairs.count; ++k)
      sum = sum + pair_value(read.weight(pairs.weight[k]), read(f + pairs.b[k], j), read(f + pairs.a[k], j));
    return sum;
  }
};

template <class Stored, class Real>
struct Weighted {
  const Stored *below, *centre, *above;
  const Real *lowers, *uppers;
  template <class Read>
  auto at(const Read& read, int64 j) const {
    return interior(read.weight(lowers, j), read.weight(uppers, j), read(below, j), read(centre, j),
                    read(above, j));
  }
};

template <bool assign, class Real>
inline void put(Real& target, Real value) {
  target = assign ? value : target + value;
}

}  // namespace
}  // namespace gridgrad

#endif
