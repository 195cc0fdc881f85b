// A row at once: the formulas of stencil.h bound to the arrays of one row, and how a row is read.
#ifndef GRIDGRAD_ROWS_H
#define GRIDGRAD_ROWS_H

#include <type_traits>

#include "../descriptor.h"
#include "../stencil.h"
#include "stream.h"

namespace gridgrad {
namespace {

// The row of a stencil for a whole row of an array: points relative to its own. A row that is data is
// read where it is; one of the interior is copied, with its weights in the arithmetic type.
template <class Real>
struct Pairs {
  struct Relative {
    int64 a, b;
    Real weight;
  };
  int64 count, i;
  const Pair* data;
  const Real* weights;  // of an axis in the row: a vector for each pair, null if they are the same everywhere
  bool uniform;         // of the interior, and the same at all its points
  bool filled;          // `inner` has been made: from then on only its weights change
  Relative inner[MAX_PAIRS];

  // Not a struct of all three: what was written in parts is slow to read as a whole.
  int64 a(int64 k) const { return data ? data[k].a - i : inner[k].a; }
  int64 b(int64 k) const { return data ? data[k].b - i : inner[k].b; }
  bool is_value(int64 k) const { return a(k) == b(k); }  // with equal ends
  Real weight(int64 k) const { return data ? static_cast<Real>(data[k].weight) : inner[k].weight; }
};

// Which of the rows that are data belongs to point i; -1 in the interior.
inline int64 edge_of(const Stencil& stencil, int64 i) {
  if (i < stencil.leading) return i;
  const int64 trailing = stencil.length - stencil.trailing;
  return i < trailing ? -1 : stencil.leading + i - trailing;
}

// Whether interior rows follow formula (1).
inline bool is_central(const Stencil& stencil) {
  return !stencil.values && stencil.pairs == 2 && stencil.a[0] == -1 && stencil.b[0] == 0 &&
         stencil.a[1] == 0 && stencil.b[1] == 1;
}

// Whether they are one difference.
inline bool is_difference(const Stencil& stencil) {
  return !stencil.values && !stencil.selects && stencil.pairs == 1 && stencil.a[0] != stencil.b[0];
}

// The interior row of point i; formula (1) with equal weights has the short form, unless each of its
// faces has a coefficient.
template <class Real>
void set_inner_pairs(const Stencil& stencil, int64 i, bool faces, Pairs<Real>& row) {
  const Real* const weights = static_cast<const Real*>(stencil.weights);
  row.count = stencil.pairs;
  row.data = nullptr;
  row.weights = stencil.dim == ROW ? weights : nullptr;
  row.uniform = !weights;
  if (!row.filled)
    for (int k = 0; k < stencil.pairs; ++k)
      row.inner[k] = {stencil.a[k], stencil.b[k], static_cast<Real>(stencil.weight[k])};
  row.filled = true;
  if (weights && !row.weights)
    for (int64 k = 0; k < row.count; ++k) row.inner[k].weight = weights[k * stencil.length + i];
  if (!is_central(stencil)) return;
  const bool one = !faces && !row.weights && row.inner[0].weight == row.inner[1].weight;
  row.inner[0].b = one ? 1 : 0;
  if (one) row.count = 1;
}

// Whether a weight of 0 in this row reads nothing.
template <class Real>
bool may_be_zero(const Stencil& stencil, const Pairs<Real>& row) {
  return stencil.values || (stencil.selects && !row.data);
}

// The row of point i of an axis across the array's rows.
template <class Real>
void set_pairs(const Stencil& stencil, int64 i, bool faces, Pairs<Real>& row) {
  const int64 edge = edge_of(stencil, i);
  if (edge < 0) return set_inner_pairs(stencil, i, faces, row);
  row.count = stencil.start[edge + 1] - stencil.start[edge];
  row.i = i;
  row.data = stencil.pair + stencil.start[edge];
  row.weights = nullptr;
  row.uniform = false;
}

// How a row operator reads: one strided element at a time, or a word of neighbouring ones.
template <class Stored, class Real, class Stride>
struct Elements {
  Stride stride;
  Stored operator()(const Stored* f, int64 j) const { return f[j * stride]; }
  Real weight(Real value) const { return value; }
  Real weight(const Real* values, int64 j) const { return values[j]; }
};

// The same number in all lanes; -0 keeps its sign.
template <class Word, class Real>
GG_INLINE Word everywhere(Real value) {
  return value - Word{};
}

// The bytes of most words. CPUs that do 64 bytes in two halves gain nothing by them, and of reads beside a
// word's own place every one of 64 bytes lies in two lines of the caches, of 32 bytes every second one.
constexpr int64 WORD_BYTES = smaller(STREAM_BYTES, 32);

// A word of some bytes.
template <class Real, int64 BYTES>
struct Words {
  typedef Real Word __attribute__((vector_size(BYTES)));
  // In memory, at any element: copied by memcpy, gcc 12 takes it in halves through the stack with AVX2.
  typedef Real Loose __attribute__((vector_size(BYTES), aligned(alignof(Real)), may_alias));
  static const int64 LANES = BYTES / static_cast<int64>(sizeof(Real));
};

// A word of neighbouring elements, or one alone.
template <class Word, class Real>
GG_INLINE Word word_at(const Real* from) {
  if constexpr (std::is_same_v<Word, Real>) return *from;
  else return *reinterpret_cast<const typename Words<Real, sizeof(Word)>::Loose*>(from);
}

template <class Word, class Real>
GG_INLINE void set_word(Real* to, const Word& word) {
  if constexpr (std::is_same_v<Word, Real>) *to = word;
  else *reinterpret_cast<typename Words<Real, sizeof(Word)>::Loose*>(to) = word;
}

// Row operators: the formulas of stencil.h, bound to the arrays of one row.
template <class Stored, class Real>
struct OnePair {
  const Stored *a, *b;
  Real weight;
  template <class Read>
  GG_INLINE auto at(const Read& read, int64 j) const {
    return pair_value(read.weight(weight), read(b, j), read(a, j));
  }
};

template <class Stored, class Real>
struct TwoDifferences {
  const Stored *below, *centre, *above;
  Real lower, upper;
  template <class Read>
  GG_INLINE auto at(const Read& read, int64 j) const {
    return two_differences(read.weight(lower), read.weight(upper), read(below, j), read(centre, j),
                           read(above, j));
  }
};

template <class Stored, class Real>
struct Weighted {
  const Stored *below, *centre, *above;
  const Real *lowers, *uppers;
  template <class Read>
  GG_INLINE auto at(const Read& read, int64 j) const {
    return interior(read.weight(lowers, j), read.weight(uppers, j), read(below, j), read(centre, j),
                    read(above, j));
  }
};

// A stride the compiler knows, so that the loops vectorise.
struct One {
  constexpr operator int64() const { return 1; }
};

// The points [first, last) of a row operator. Kept out of line: inlined into each other, these loops
// run out of registers.
template <class Op, class Read, class Real>
GG_NOINLINE void loop(const Op& given, const Read read, int64 first, int64 last, Real* __restrict target) {
  const Op op = given;  // passed by reference, but read only once
  for (int64 j = first; j < last; ++j) target[j] = op.at(read, j);
}

template <class Stored, class Real, class Op>
void fill(const Op& op, int64 stride, int64 first, int64 last, Real* target) {
  if (stride == 1) loop(op, Elements<Stored, Real, One>{}, first, last, target);
  else loop(op, Elements<Stored, Real, int64>{stride}, first, last, target);
}

}  // namespace
}  // namespace gridgrad

#endif
