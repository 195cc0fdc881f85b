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
  const Real *a, *b;      // a null: b alone
  const Real* weights;    // null: the weight is the same everywhere
  const Real *c_a, *c_b;  // the coefficient at both ends of a face; c_a null: at b; c_b null: none
  const Real* factor;     // the coefficient at the point, for the term's value
  Real weight;
  bool selects;  // a weight of 0 reads nothing
  bool first;    // of its term
  Join join;
};

// Neighbouring elements, as words or alone.
template <class Real, class Word, int WORDS>
struct Block {
  static const int64 SIZE = WORDS * static_cast<int64>(sizeof(Word) / sizeof(Real));
  Word word[WORDS];

  static Block read(const Real* from) {
    Block block;
    std::memcpy(block.word, from, sizeof block.word);
    return block;
  }

  void write(Real* to) const { std::memcpy(to, word, sizeof word); }

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

template <class B, class Real>
B pair_of(const Part<Real>& part, int64 j) {
  const B weight = part.weights ? B::read(part.weights + j) : B::all(part.weight);
  B scaled = weight;
  if (part.c_a) scaled = weight * ((B::read(part.c_a + j) + B::read(part.c_b + j)) * B::all(Real(0.5)));
  else if (part.c_b) scaled = weight * B::read(part.c_b + j);
  const B value = scaled * (part.a ? B::read(part.b + j) - B::read(part.a + j) : B::read(part.b + j));
  return part.selects ? B::select(weight, value) : value;
}

template <class B, class Real>
B joined(Join join, const B& sum, const B& value, Real) {
  if (join == ASSIGN) return value;
  if (join == ADD) return sum + value;
  Real sums[B::SIZE], values[B::SIZE];
  sum.write(sums);
  value.write(values);
  for (int64 e = 0; e < B::SIZE; ++e)
    sums[e] = join == NORM ? hypotenuse(sums[e], values[e]) : magnitude(values[e]);
  return B::read(sums);
}

// `count` elements, at least a block; the last one may overlap the one before.
template <class B, class Real>
GG_NOINLINE void sum_blocks(const Part<Real>* begin, const Part<Real>* end, int64 count, Real* target) {
  for (int64 next = 0; next < count; next += B::SIZE) {
    const int64 j = smaller(next, count - B::SIZE);
    B sum = B::all(0), value = sum;
    for (const Part<Real>* part = begin; part != end; ++part) {
      const B pair = pair_of<B>(*part, j);
      value = part->first ? pair : value + pair;
      if (part->join == GO_ON) continue;
      if (part->factor) value = value * B::read(part->factor + j);
      sum = joined(part->join, sum, value, Real());
    }
    sum.write(target + j);
  }
}

template <class Real>
void sum_parts(const std::vector<Part<Real>>& parts, int64 count, Real* target) {
  typedef typename Words<Real>::Word Word;
  const Part<Real>*const begin = parts.data(), *const end = begin + parts.size();
  if (count >= 4 * Words<Real>::LANES) sum_blocks<Block<Real, Word, 4>>(begin, end, count, target);
  else if (count >= Words<Real>::LANES) sum_blocks<Block<Real, Word, 1>>(begin, end, count, target);
  else sum_blocks<Block<Real, Real, 1>>(begin, end, count, target);
}

// Elements of another type or stride.
template <class Real, class Stored>
GG_NOINLINE void fetch(const Stored* f, int64 stride, int64 count, Real* __restrict values) {
  for (int64 j = 0; j < count; ++j) values[j] = load<Real>(f[j * stride]);
}

}  // namespace
}  // namespace gridgrad

#endif
