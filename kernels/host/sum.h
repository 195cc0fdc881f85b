// Sums of many pairs: all terms of an output in one loop, in registers, over rows of the arithmetic type.
#ifndef GRIDGRAD_SUM_H
#define GRIDGRAD_SUM_H

#include <memory>
#include <type_traits>
#include <vector>

#include "../join.h"
#include "rows.h"

namespace gridgrad {
namespace {

const int64 TILE = 1024;  // elements of one row segment kept in the L1 cache

// One pair of a sum, weight * factors * (b - a), by its rows from the first element on.
template <class Real>
struct Part {
  const Real *a = nullptr, *b = nullptr;      // a null: b alone
  const Real* weights = nullptr;              // null: the weight is the same everywhere
  const Real *k_a = nullptr, *k_b = nullptr;  // the factor at the ends of a face
  const Real* inner = nullptr;                // the factor at b
  const Real* outer = nullptr;                // the factor at the point, for the term's value
  Real weight = 0;
  bool selects = false;                                       // a weight of 0 reads nothing
  bool gated = false, outer_gated = false, harmonic = false;  // as of its term's factors
  int8 inner_sign = 0, outer_sign = 0;                        // of the factors' values that count, 0: all
  bool goes_on = true;  // another pair of the same term follows; else the term's value joins the sum
  bool begins = false;  // as the first value of an output
  int8 join = TOTAL;

  // Whether it is weight * (b - a) or weight * b and no more.
  bool is_plain() const { return !weights && !k_b && !inner && !outer && !selects && join == TOTAL; }
};

// Neighbouring elements, as words or alone.
template <class Real, class Word, int WORDS>
struct Block {
  static const int64 LANES = static_cast<int64>(sizeof(Word) / sizeof(Real)), SIZE = WORDS * LANES;
  Word word[WORDS];

  static GG_INLINE Block read(const Real* from) {
    Block block;
    for (int k = 0; k < WORDS; ++k) block.word[k] = word_at<Word>(from + k * LANES);
    return block;
  }

  GG_INLINE void write(Real* to) const {
    for (int k = 0; k < WORDS; ++k) set_word(to + k * LANES, word[k]);
  }

  static GG_INLINE Block all(Real value) {
    Block block;
    for (Word& one : block.word) one = everywhere<Word>(value);
    return block;
  }

  friend GG_INLINE Block operator+(const Block& p, const Block& q) {
    Block sum;
    for (int k = 0; k < WORDS; ++k) sum.word[k] = p.word[k] + q.word[k];
    return sum;
  }

  friend GG_INLINE Block operator-(const Block& p, const Block& q) {
    Block difference;
    for (int k = 0; k < WORDS; ++k) difference.word[k] = p.word[k] - q.word[k];
    return difference;
  }

  friend GG_INLINE Block operator*(const Block& p, const Block& q) {
    Block product;
    for (int k = 0; k < WORDS; ++k) product.word[k] = p.word[k] * q.word[k];
    return product;
  }

  // As in stencil.h.
  static GG_INLINE Block harmonic_mean(const Block& p, const Block& q) {
    Block mean;
    for (int k = 0; k < WORDS; ++k) {
      const Word a = p.word[k], b = q.word[k], small = a < b ? a : b, share = (a < b ? b : a) / (a + b);
      mean.word[k] = small == 0 ? Word{} : small * (share + share);
    }
    return mean;
  }

  // The value, and 0 where the weight is 0.
  static GG_INLINE Block select(const Block& weight, const Block& value) {
    Block chosen;
    for (int k = 0; k < WORDS; ++k) chosen.word[k] = weight.word[k] == 0 ? Word{} : value.word[k];
    return chosen;
  }

  // The product with a factor, and 0 where that has the other sign, or is 0.
  static GG_INLINE Block unless_other(int sign, const Block& factor, const Block& product) {
    Block chosen;
    for (int k = 0; k < WORDS; ++k)
      chosen.word[k] = sign > 0 ? (factor.word[k] <= 0 ? Word{} : product.word[k])
                                : (factor.word[k] >= 0 ? Word{} : product.word[k]);
    return chosen;
  }
};

template <bool plain, class B, class Real>
GG_INLINE B pair_of(const Part<Real>& part, int64 j) {
  B x = B::read(part.b + j);
  if (part.a) x = x - B::read(part.a + j);
  if (plain) return B::all(part.weight) * x;
  const B weight = part.weights ? B::read(part.weights + j) : B::all(part.weight);
  B scaled = weight;
  if (part.k_a) {
    const B k_a = B::read(part.k_a + j), k_b = B::read(part.k_b + j);
    scaled = weight * (part.harmonic ? B::harmonic_mean(k_a, k_b) : (k_a + k_b) * B::all(Real(0.5)));
  }
  if (part.inner) scaled = scaled * B::read(part.inner + j);
  B value = part.gated ? B::select(scaled, scaled * x) : scaled * x;
  if (part.inner_sign) value = B::unless_other(part.inner_sign, B::read(part.inner + j), value);
  return part.selects ? B::select(weight, value) : value;
}

// What is no sum, element by element.
template <class B, class Real>
GG_NOINLINE B joined_apart(const Part<Real>& part, const B sum, const B value) {
  typedef AsNumbers<Real> As;
  Real sums[B::SIZE], values[B::SIZE];
  sum.write(sums);
  value.write(values);
  if (part.begins)
    for (int64 j = 0; j < B::SIZE; ++j) sums[j] = begun<As>(part.join, values[j]);
  else
    for (int64 j = 0; j < B::SIZE; ++j) sums[j] = joined<As>(part.join, sums[j], values[j]);
  return B::read(sums);
}

// The sum after a term; `part` is its last.
template <bool plain, class B, class Real>
GG_INLINE B after_term(const Part<Real>& part, int64 j, const B& sum, B value) {
  if (plain) return sum + value;
  if (part.outer) {
    const B outer = B::read(part.outer + j);
    value = part.outer_gated ? B::select(outer, value * outer) : value * outer;
    if (part.outer_sign) value = B::unless_other(part.outer_sign, outer, value);
  }
  return part.join == TOTAL ? sum + value : joined_apart(part, sum, value);
}

// `count` elements, at least a block; the last one may overlap the one before. A sum begins with -0, to which
// everything adds as it is.
template <bool plain, class B, class Real>
GG_NOINLINE void sum_blocks(const Part<Real>* begin, const Part<Real>* end, int64 count, Real* target) {
  for (int64 next = 0; next < count; next += B::SIZE) {
    const int64 j = smaller(next, count - B::SIZE);
    B sum = B::all(Real(-0.0));
    for (const Part<Real>* part = begin; part != end; ++part) {
      B value = pair_of<plain, B>(*part, j);
      while (part->goes_on) value = value + pair_of<plain, B>(*++part, j);
      sum = after_term<plain>(*part, j, sum, value);
    }
    sum.write(target + j);
  }
}

template <class Real>
void sum_parts(const std::vector<Part<Real>>& parts, int64 count, Real* target) {
  typedef Words<Real, WORD_BYTES> Own;
  typedef typename Own::Word Word;
  typedef Block<Real, Word, 4> Wide;
  const Part<Real>*const begin = parts.data(), *const end = begin + parts.size();
  bool plain = true;
  for (const Part<Real>& part : parts) plain = plain && part.is_plain();
  if (count < Own::LANES) sum_blocks<false, Block<Real, Real, 1>>(begin, end, count, target);
  else if (count < Wide::SIZE) sum_blocks<false, Block<Real, Word, 1>>(begin, end, count, target);
  else if (plain) sum_blocks<true, Wide>(begin, end, count, target);
  else sum_blocks<false, Wide>(begin, end, count, target);
}

template <class Real, class Stored>
GG_NOINLINE void fetch(const Stored* f, int64 stride, int64 count, Real* __restrict values) {
  for (int64 j = 0; j < count; ++j) values[j] = load<Real>(f[j * stride]);
}

// Rows of the arithmetic type for a sum, in room that the next sum takes again.
template <class Real>
class Tiles {
 public:
  Real* take() {
    if (used_ == tiles_.size()) tiles_.push_back(std::make_unique<Tile>());
    return tiles_[used_++]->value;
  }

  // A row of numbers: where it is, or in a tile if it is of another type or stride.
  template <class Stored>
  const Real* row(const Stored* f, int64 stride, int64 count) {
    if constexpr (std::is_same_v<Stored, Real>)
      if (stride == 1) return f;
    return copy(f, stride, count);
  }

  template <class Stored>
  const Real* copy(const Stored* f, int64 stride, int64 count) {
    Real* const values = take();
    fetch(f, stride, count, values);
    return values;
  }

  std::size_t used() const { return used_; }
  void release(std::size_t used) { used_ = used; }  // all but the first `used`

 private:
  struct Tile {
    alignas(64) Real value[TILE];
  };

  std::vector<std::unique_ptr<Tile>> tiles_;
  std::size_t used_ = 0;
};

}  // namespace
}  // namespace gridgrad

#endif
