// Sums of many pairs: all terms of an output in one loop, in registers, over rows of the arithmetic type.
#ifndef GRIDGRAD_SUM_H
#define GRIDGRAD_SUM_H

#include <vector>

#include "rows.h"
#include "stencil.h"

namespace gridgrad {
namespace {

// What becomes of a term's value after its last pair.
enum Join : int { GO_ON, ASSIGN, ADD, MAGNITUDE, NORM };

// One pair of a sum, weight * coefficient * (b - a), by its rows from the first element on.
template <class Real>
struct Part {
  const Real *a = nullptr, *b = nullptr;      // a null: b alone
  const Real* weights = nullptr;              // null: the weight is the same everywhere
  const Real *c_a = nullptr, *c_b = nullptr;  // the coefficient at the ends of a face; one null: at b
  const Real* factor = nullptr;               // the coefficient at the point, for the term's value
  Real weight = 0;
  bool selects = false;  // a weight of 0 reads nothing
  bool first = false;    // of its term
  Join join = GO_ON;
  int row_term = -1;  // the term whose axis lies in the row, and which is another thing at its ends
};

// Neighbouring elements, as words or alone.
template <class Real, class Word, int WORDS>
struct Block {
  static const int64 LANES = static_cast<int64>(sizeof(Word) / sizeof(Real)), SIZE = WORDS * LANES;
  Word word[WORDS];

  static Block read(const Real* from) {
    Block block;
    for (int k = 0; k < WORDS; ++k) std::memcpy(&block.word[k], from + k * LANES, sizeof(Word));
    return block;
  }

  void write(Real* to) const {
    for (int k = 0; k < WORDS; ++k) std::memcpy(to + k * LANES, &word[k], sizeof(Word));
  }

  static Block all(Real value) {
    Block block;
    for (Word& one : block.word) one = value - Word{};  // keeps the sign of a zero
    return block;
  }

  friend Block operator+(const Block& p, const Block& q) {
    Block sum;
    for (int k = 0; k < WORDS; ++k) sum.word[k] = p.word[k] + q.word[k];
    return sum;
  }

  friend Block operator-(const Block& p, const Block& q) {
    Block difference;
    for (int k = 0; k < WORDS; ++k) difference.word[k] = p.word[k] - q.word[k];
    return difference;
  }

  friend Block operator*(const Block& p, const Block& q) {
    Block product;
    for (int k = 0; k < WORDS; ++k) product.word[k] = p.word[k] * q.word[k];
    return product;
  }

  // The value, and 0 where the weight is 0.
  static Block select(const Block& weight, const Block& value) {
    Block chosen;
    for (int k = 0; k < WORDS; ++k) chosen.word[k] = weight.word[k] == 0 ? Word{} : value.word[k];
    return chosen;
  }
};

// Adds a pair to the value of its term.
template <class B, class Real>
void add_pair(const Part<Real>& part, int64 j, B& value) {
  const B weight = part.weights ? B::read(part.weights + j) : B::all(part.weight);
  B pair = weight;
  if (part.c_a) pair = weight * ((B::read(part.c_a + j) + B::read(part.c_b + j)) * B::all(Real(0.5)));
  else if (part.c_b) pair = weight * B::read(part.c_b + j);
  const B b = B::read(part.b + j);
  pair = part.a ? pair * (b - B::read(part.a + j)) : pair * b;
  if (part.selects) pair = B::select(weight, pair);
  value = part.first ? pair : value + pair;
}

// The norm of both, or the magnitude of the second.
template <class B, class Real>
GG_NOINLINE B normed(bool alone, const B sum, const B value, Real) {
  Real sums[B::SIZE], values[B::SIZE];
  sum.write(sums);
  value.write(values);
  if (alone)
    for (int64 j = 0; j < B::SIZE; ++j) sums[j] = magnitude(values[j]);
  else
    for (int64 j = 0; j < B::SIZE; ++j) sums[j] = hypotenuse(sums[j], values[j]);
  return B::read(sums);
}

// After the last pair of a term.
template <class B, class Real>
void join(const Part<Real>& part, int64 j, B value, B& sum) {
  if (part.join == GO_ON) return;
  if (part.factor) value = value * B::read(part.factor + j);
  if (part.join == ASSIGN) sum = value;
  else if (part.join == ADD) sum = sum + value;
  else sum = normed(part.join == MAGNITUDE, sum, value, Real());
}

// The elements [first, last), at least a block of them; the last one may overlap the one before.
template <class B, class Real>
GG_NOINLINE void sum_blocks(const Part<Real>* begin, const Part<Real>* end, int64 first, int64 last,
                            Real* target) {
  for (int64 next = first; next < last; next += B::SIZE) {
    const int64 j = smaller(next, last - B::SIZE);
    B sum{}, value{};
    for (const Part<Real>* part = begin; part != end; ++part) {
      add_pair(*part, j, value);
      join(*part, j, value, sum);
    }
    sum.write(target + j);
  }
}

template <class Real>
void sum_parts(const std::vector<Part<Real>>& parts, int64 first, int64 last, Real* target) {
  typedef typename Words<Real>::Word Word;
  const Part<Real>*const begin = parts.data(), *const end = begin + parts.size();
  const int64 lanes = Words<Real>::LANES;
  if (last - first >= 4 * lanes) sum_blocks<Block<Real, Word, 4>>(begin, end, first, last, target);
  else if (last - first >= lanes) sum_blocks<Block<Real, Word, 1>>(begin, end, first, last, target);
  else sum_blocks<Block<Real, Real, 1>>(begin, end, first, last, target);
}

// Elements of another type or stride.
template <class Real, class Stored>
GG_NOINLINE void fetch(const Stored* f, int64 stride, int64 count, Real* __restrict values) {
  for (int64 j = 0; j < count; ++j) values[j] = load<Real>(f[j * stride]);
}

}  // namespace
}  // namespace gridgrad

#endif
