// What one term reads at the inner points of a row, and its value there, of a word of neighbours or of one
// alone.
#ifndef GRIDGRAD_TAPS_H
#define GRIDGRAD_TAPS_H

#include <limits>
#include <tuple>
#include <utility>

#include "../rows.h"

namespace gridgrad {
namespace {

// weight * f; weight * (above - below); formula (1), with weights that are the same along the row or not; the
// same with a coefficient at each face; any pairs. OUTER: times a field.
enum Kind : int { NO_KIND, VALUE, PAIR, DIFFERENCES, GRADED, FLUX, GRADED_FLUX, LINKS, OUTER = 8 };

constexpr int without_field(int kind) { return kind & (OUTER - 1); }
constexpr bool is_graded(int kind) {
  return without_field(kind) == GRADED || without_field(kind) == GRADED_FLUX;
}
constexpr bool has_faces(int kind) {
  return without_field(kind) == FLUX || without_field(kind) == GRADED_FLUX;
}
constexpr bool has_centre(int kind) { return without_field(kind) != PAIR && without_field(kind) != LINKS; }

// The first of some kinds that is such; -1 if none is.
template <bool (&is_such)(int), class... Kinds>
constexpr int first_of(Kinds... kinds) {
  int at = 0, found = -1;
  ((found = found < 0 && is_such(kinds) ? at : found, ++at), ...);
  return found;
}

// A pair by elements relative to the first inner one; its value if both ends are one.
template <class Real>
struct Link {
  int64 a, b;
  Real weight;
  bool is_value;  // weight * f_b; where an array repeats itself along the axis a is b for differences too
};

// From the first inner element of the first row on.
template <class Real>
struct Line {
  const Real *own, *below, *above;  // the row, its neighbours,
  int64 ahead;                      // and from a row to the next
  const Real *lower, *upper;        // weights: one for each element if graded, else one for each row
  int64 weight_ahead;               // or one for all of them
  const Real *face, *face_below, *face_above, *outer;
  int64 face_ahead, outer_ahead;
  int links_begin, links_end;  // among those of the run
};

const int64 TOGETHER = 512;  // elements of short rows that are done as one
const int LINES = 7;         // of three axes twice, and the field itself

// An element at an end of the row, where terms along the row have rows that are data.
struct End {
  int64 j;
  int begin[LINES], end[LINES];  // of the links of each term; negative: as at inner elements
};

template <class Real>
struct Run {
  int64 rows, count;  // inner elements of each row
  int64 together;     // rows that are done as one, with what is between them, before their ends
  Real* target;
  int64 target_ahead;
  const End* end;  // in every row
  int64 ends;
  const Link<Real>* link;
  Line<Real> line[LINES];
};

template <class Real>
struct AsWords {
  typedef typename Words<Real>::Word Word;
  static const int64 LANES = Words<Real>::LANES;
  static GG_INLINE Word all(Real value) { return value - Word{}; }  // keeps the sign of a zero

  static GG_INLINE Word size(const Word& value) {
    typedef std::conditional_t<sizeof(Real) == 8, int64, int32> Integer;
    typedef Integer Bits __attribute__((vector_size(WORD_BYTES)));
    return reinterpret_cast<Word>(reinterpret_cast<Bits>(value) & std::numeric_limits<Integer>::max());
  }

  // hypotenuse() of stencil.h.
  static GG_INLINE Word norm(const Word& p, const Word& q) {
    const Word a = size(p), b = size(q), one = all(1);
    const Word big = a > b ? a : b, small = a > b ? b : a, quotient = small / big;
    const Word ratio = small == big ? one : quotient;
    Word root = one + ratio * ratio;
    for (int64 k = 0; k < LANES; ++k) root[k] = square_root(root[k]);
    return big * root;
  }
};

template <class Real>
struct AsElements {
  typedef Real Word;
  static const int64 LANES = 1;
  static GG_INLINE Word all(Real value) { return value; }
  static GG_INLINE Word size(Word value) { return magnitude(value); }
  static GG_INLINE Word norm(Word p, Word q) { return hypotenuse(p, q); }
};

// One term in one row.
template <int KIND, class Real>
class Taps {
 public:
  GG_INLINE Taps(const Line<Real>& line, const Link<Real>* links, int64 row)
      : own_(line.own + row * line.ahead) {
    if constexpr (kind == LINKS) {
      begin_ = links + line.links_begin;
      end_ = links + line.links_end;
    } else {
      lower_ = line.lower + row * line.weight_ahead;
      upper_ = line.upper + row * line.weight_ahead;
      if (!is_graded(KIND)) first_ = *lower_, second_ = *upper_;
    }
    if constexpr (kind != LINKS && kind != VALUE) {
      below_ = line.below + row * line.ahead;
      above_ = line.above + row * line.ahead;
    }
    if constexpr (KIND & OUTER) outer_ = line.outer + row * line.outer_ahead;
    if constexpr (has_faces(KIND)) {
      face_ = line.face + row * line.face_ahead;
      face_below_ = line.face_below + row * line.face_ahead;
      face_above_ = line.face_above + row * line.face_ahead;
    }
  }

  // `centre` and `face` are what the field and the coefficient are there.
  template <class As>
  GG_INLINE typename As::Word at(int64 j, const typename As::Word& centre,
                                 const typename As::Word& face) const {
    const typename As::Word value = inner<As>(j, centre, face);
    if constexpr (KIND & OUTER) return value * read<As>(outer_, j);
    else return value;
  }

  // At an end of the row, whose row is data.
  Real at_end(const Link<Real>* link, const Link<Real>* end, int64 j) const {
    Real sum = 0;
    for (bool first = true; link != end; ++link, first = false) {
      Real weight = link->weight;
      if constexpr (has_faces(KIND)) weight = weight * face_mean<Real>(face_[link->a], face_[link->b], false);
      const Real value = pair_value(weight, own_[link->b], link->is_value ? Real(0) : own_[link->a]);
      sum = first ? value : sum + value;
    }
    if constexpr (KIND & OUTER) sum = sum * outer_[j];
    return sum;
  }

 private:
  static constexpr int kind = without_field(KIND);

  template <class As>
  static GG_INLINE typename As::Word read(const Real* from, int64 j) {
    return word_at<typename As::Word>(from + j);
  }

  template <class As>
  GG_INLINE typename As::Word inner(int64 j, const typename As::Word& centre,
                                    const typename As::Word& face) const {
    typedef typename As::Word Word;
    if constexpr (kind == LINKS) return linked<As>(j);
    else {
      Word lower, upper;
      if constexpr (is_graded(KIND)) lower = read<As>(lower_, j), upper = read<As>(upper_, j);
      else lower = As::all(first_), upper = As::all(second_);
      if constexpr (kind == VALUE) return lower * centre;
      else {
        const Word below = read<As>(below_, j), above = read<As>(above_, j);
        if constexpr (kind == PAIR) return pair_value(lower, above, below);
        else if constexpr (kind == DIFFERENCES) return two_differences(lower, upper, below, centre, above);
        else if constexpr (kind == GRADED) return interior(lower, upper, below, centre, above);
        else {
          const Word half = As::all(Real(0.5));
          const Word before = (read<As>(face_below_, j) + face) * half,
                     after = (face + read<As>(face_above_, j)) * half;
          return two_differences(lower * before, upper * after, below, centre, above);
        }
      }
    }
  }

  template <class As>
  GG_INLINE typename As::Word linked(int64 j) const {
    typedef typename As::Word Word;
    const Link<Real>* link = begin_;
    Word sum = one<As>(*link, j);
    while (++link != end_) sum = sum + one<As>(*link, j);
    return sum;
  }

  template <class As>
  GG_INLINE typename As::Word one(const Link<Real>& link, int64 j) const {
    const typename As::Word b = read<As>(own_ + link.b, j), weight = As::all(link.weight);
    return link.is_value ? weight * b : pair_value(weight, b, read<As>(own_ + link.a, j));
  }

  const Real *own_, *below_, *above_, *lower_, *upper_, *face_, *face_below_, *face_above_, *outer_;
  const Link<Real>*begin_, *end_;
  Real first_, second_;
};

}  // namespace
}  // namespace gridgrad

#endif
