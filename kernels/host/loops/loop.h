// Rows that have the same terms, as one loop for each combination of kinds of terms: nothing is decided in
// it.
#ifndef GRIDGRAD_LOOP_H
#define GRIDGRAD_LOOP_H

#include "taps.h"

namespace gridgrad {
namespace {

// How many elements lie before the next aligned word, at least one.
template <class Real>
int64 aligned_after(const Real* target) {
  const std::uintptr_t bytes = WORD_BYTES - (reinterpret_cast<std::uintptr_t>(target) & (WORD_BYTES - 1));
  return static_cast<int64>(bytes / sizeof(Real));
}

// What a loop does with its terms: it sets the output to their sum, adds one to it, or the same with a norm.
enum How : int { SETS, ADDS, SETS_NORM, ADDS_NORM };

// The sum or the norm of some terms in one row; what all of them read is read once.
template <class Real, How HOW, int... KINDS>
class Row {
 public:
  GG_INLINE Row(const Run<Real>& run, int line, int64 row)
      : Row(run, run.line + line, row, std::make_index_sequence<sizeof...(KINDS)>()) {}

  template <class As>
  GG_INLINE void put(int64 j) const {
    typedef typename As::Word Word;
    Word centre{}, face{};
    if constexpr (CENTRE >= 0) centre = word_at<Word>(centre_ + j);
    if constexpr (FACE >= 0) face = word_at<Word>(face_ + j);
    const auto total = [&](const auto&... taps) {
      return join<As>(taps.template at<As>(j, centre, face)...);
    };
    join_to<As>(target_ + j, std::apply(total, taps_));
  }

  void put_end(const End& end, const Link<Real>* links) const {
    join_to<AsElements<Real>>(target_ + end.j,
                              at_end(end, links, std::make_index_sequence<sizeof...(KINDS)>()));
  }

 private:
  // The first term that reads its own points, and the first that reads a coefficient there.
  static constexpr int CENTRE = first_of<has_centre>(KINDS...), FACE = first_of<has_faces>(KINDS...);

  template <class As, class Word, class... Words>
  static GG_INLINE Word join(const Word& first, const Words&... others) {
    if constexpr (HOW == SETS_NORM) {
      Word norm = As::size(first);
      ((norm = As::norm(norm, others)), ...);
      return norm;
    } else {
      return (first + ... + others);
    }
  }

  template <class As>
  static GG_INLINE void join_to(Real* target, const typename As::Word& value) {
    typedef typename As::Word Word;
    if constexpr (HOW == ADDS) set_word(target, word_at<Word>(target) + value);
    else if constexpr (HOW == ADDS_NORM) set_word(target, As::norm(word_at<Word>(target), value));
    else set_word(target, value);
  }

  template <std::size_t... K>
  GG_INLINE Row(const Run<Real>& run, const Line<Real>* line, int64 row, std::index_sequence<K...>)
      : first_(static_cast<int>(line - run.line)),
        target_(run.target + row * run.target_ahead),
        taps_(Taps<KINDS, Real>(line[K], run.link, row)...) {
    if constexpr (CENTRE >= 0) centre_ = line[CENTRE].own + row * line[CENTRE].ahead;
    if constexpr (FACE >= 0) face_ = line[FACE].face + row * line[FACE].face_ahead;
  }

  template <std::size_t... K>
  Real at_end(const End& end, const Link<Real>* links, std::index_sequence<K...>) const {
    return join<AsElements<Real>>(at_end(end, links, first_ + static_cast<int>(K), std::get<K>(taps_))...);
  }

  template <class Own>
  Real at_end(const End& end, const Link<Real>* links, int k, const Own& taps) const {
    if (end.begin[k] >= 0) return taps.at_end(links + end.begin[k], links + end.end[k], end.j);
    Real centre{}, face{};
    if constexpr (CENTRE >= 0) centre = centre_[end.j];
    if constexpr (FACE >= 0) face = face_[end.j];
    return taps.template at<AsElements<Real>>(end.j, centre, face);
  }

  const int first_;
  Real* const target_;
  const Real *centre_ = nullptr, *face_ = nullptr;
  const std::tuple<Taps<KINDS, Real>...> taps_;
};

// The ends of rows. Out of line: they would take registers of the loop.
template <class Real, How HOW, int... KINDS>
GG_NOINLINE void join_ends(const Run<Real>& run, int line, int64 begin, int64 end) {
  for (int64 r = begin; r < end; ++r) {
    const Row<Real, HOW, KINDS...> row(run, line, r);
    for (int64 k = 0; k < run.ends; ++k) row.put_end(run.end[k], run.link);
  }
}

// The terms from one line on in the rows [begin, end), in whole words: those that add take no element twice;
// of others the last word may overlap the one before it, and from the second on they are aligned to the
// target.
template <class Real, How HOW, int... KINDS>
GG_NOINLINE void join_rows(const Run<Real>& run, int line, int64 begin, int64 end) {
  typedef AsWords<Real> As;
  constexpr bool adds = HOW == ADDS || HOW == ADDS_NORM;
  for (int64 r = begin; r < end; r += run.together) {
    const int64 rows = smaller(run.together, end - r),
                last = run.count + (rows - 1) * run.target_ahead - As::LANES;
    if (run.count > 0) {
      const Row<Real, HOW, KINDS...> row(run, line, r);
      int64 next = adds ? As::LANES : aligned_after(run.target + r * run.target_ahead);
      for (int64 j = 0; j < last; j = next, next += As::LANES) row.template put<As>(j);
      row.template put<As>(last);
    }
    if (run.ends) join_ends<Real, HOW, KINDS...>(run, line, r, r + rows);
  }
}

}  // namespace
}  // namespace gridgrad

#endif
