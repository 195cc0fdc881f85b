// What a loop takes at once: a word of a row, the same place of several rows, or one element.
#ifndef GRIDGRAD_WORDS_H
#define GRIDGRAD_WORDS_H

#include <limits>

#include "../../join.h"
#include "../rows.h"

namespace gridgrad {
namespace {

const int64 COLUMN = 4;  // rows whose ends are done at once, but with 16-byte words of double

// Words of some bytes, and what is done with them; as AsNumbers of join.h.
template <class Real, int64 BYTES>
struct AsVectors {
  typedef Real Word __attribute__((vector_size(BYTES)));
  static const int64 LANES = BYTES / static_cast<int64>(sizeof(Real));
  static GG_INLINE Word all(Real value) { return everywhere<Word>(value); }

  static GG_INLINE Word size(const Word& value) {
    typedef std::conditional_t<sizeof(Real) == 8, int64, int32> Integer;
    typedef Integer Bits __attribute__((vector_size(BYTES)));
    return reinterpret_cast<Word>(reinterpret_cast<Bits>(value) & std::numeric_limits<Integer>::max());
  }

  static GG_INLINE Word hypotenuse(const Word& p, const Word& q) {
    const Word a = size(p), b = size(q), one = all(1);
    const Word big = a > b ? a : b, small = a > b ? b : a, quotient = small / big;
    const Word ratio = small == big ? one : quotient;
    Word root = one + ratio * ratio;
    for (int64 k = 0; k < LANES; ++k) root[k] = square_root(root[k]);
    return big * root;
  }
};

// Elements side by side in a row.
template <class Real, int64 BYTES>
struct AsWords : AsVectors<Real, BYTES> {
  typedef typename AsVectors<Real, BYTES>::Word Word;
  GG_INLINE Word read(const Real* from) const { return word_at<Word>(from); }
  GG_INLINE void write(Real* to, const Word& value) const { set_word(to, value); }
  GG_INLINE Word along(const Real* weight) const { return read(weight); }
  GG_INLINE Word of_row(const Real*, Real number) const { return this->all(number); }
};

template <class Real>
constexpr int64 COLUMN_BYTES = STREAM_BYTES < 32 ? 16 : COLUMN * static_cast<int64>(sizeof(Real));

// The same place of rows that follow each other, `ahead` elements from one to the next; of one row if that is
// 0.
template <class Real>
struct AsRows : AsVectors<Real, COLUMN_BYTES<Real>> {
  typedef AsVectors<Real, COLUMN_BYTES<Real>> Vectors;
  typedef typename Vectors::Word Word;
  int64 ahead, weight_ahead;

  GG_INLINE AsRows(int64 elements, int64 weights) : ahead(elements), weight_ahead(weights) {}
  GG_INLINE Word read(const Real* from) const { return gathered(from, ahead); }
  GG_INLINE void write(Real* to, const Word& value) const {
    for (int64 k = 0; k < Vectors::LANES; ++k) to[k * ahead] = value[k];
  }
  GG_INLINE Word along(const Real* weight) const { return Vectors::all(*weight); }
  GG_INLINE Word of_row(const Real* weight, Real number) const {
    return weight_ahead ? gathered(weight, weight_ahead) : Vectors::all(number);
  }
  static GG_INLINE Word gathered(const Real* from, int64 step) {
    if constexpr (Vectors::LANES == 2) return Word{from[0], from[step]};
    else return Word{from[0], from[step], from[2 * step], from[3 * step]};
  }
};

}  // namespace
}  // namespace gridgrad

#endif
