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

// What a loop does with its terms: it sets the output to what they make, or they join what it holds.
enum How : int { SETS, ADDS };

template <class As, Join JOIN, How HOW, class Real, class... Words>
GG_INLINE void join_to(Real* target, const typename As::Word& first, const Words&... others) {
  typedef typename As::Word Word;
  Word held;
  if constexpr (HOW == ADDS) held = joined<As>(JOIN, word_at<Word>(target), first);
  else held = begun<As>(JOIN, first);
  ((held = joined<As>(JOIN, held, others)), ...);
  set_word(target, held);
}

// What some terms make in one row; what all of them read is read once.
template <class Real, Join JOIN, How HOW, int... KINDS>
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
    const auto take = [&](const auto&... taps) {
      join_to<As, JOIN, HOW>(target_ + j, taps.template at<As>(j, centre, face)...);
    };
    std::apply(take, taps_);
  }

 private:
  // The first term that reads its own points, and the first that reads a coefficient there.
  static constexpr int CENTRE = first_of<has_centre>(KINDS...), FACE = first_of<has_faces>(KINDS...);

  static constexpr int COUNT = sizeof...(KINDS), ALL[] = {KINDS...};

  // Taps are made where they stay: what is copied in wide words just after it was set waits for the stores.
  template <std::size_t... K>
  GG_INLINE Row(const Run<Real>& run, const Line<Real>* line, int64 row, std::index_sequence<K...>)
      : target_(run.target + row * run.target_ahead),
        taps_(Place<Real>{line[K], line[beside_of(ALL, COUNT, K)], run.link, row}...) {
    if constexpr (CENTRE >= 0) centre_ = line[CENTRE].own + row * line[CENTRE].ahead;
    if constexpr (FACE >= 0) face_ = line[FACE].face + row * line[FACE].face_ahead;
  }

  Real* const target_;
  const Real *centre_ = nullptr, *face_ = nullptr;
  const std::tuple<Taps<KINDS, Real>...> taps_;
};

// One term at the ends of rows. Out of line: they would take registers of the loop.
template <class Real, Join JOIN, How HOW, int KIND>
GG_NOINLINE void join_ends(const Run<Real>& run, int number, int64 begin, int64 end) {
  const Line<Real>& line = run.line[number];
  for (const End* point = run.end; point != run.end + run.ends; ++point) {
    const int64 j = point->j;
    const bool has_rows = point->begin[number] >= 0;  // if not, there may be no links at all
    const Link<Real>* const link = has_rows ? run.link + point->begin[number] : nullptr;
    const Link<Real>* const second = has_rows ? run.link + point->second[number] : nullptr;
    const Link<Real>* const last = has_rows ? run.link + point->end[number] : nullptr;
    for (int64 r = begin; r < end; ++r) {
      const Taps<KIND, Real> taps(Place<Real>{line, line, run.link, r});
      join_to<AsElements<Real>, JOIN, HOW>(run.target + r * run.target_ahead + j,
                                           has_rows ? taps.at_end(link, second, last, j) : taps.at_inner(j));
    }
  }
}

// All terms there: the first sets what the others are added to.
template <class Real, Join JOIN, How HOW, int FIRST, int... OTHERS>
void join_all_ends(const Run<Real>& run, int line, int64 begin, int64 end) {
  join_ends<Real, JOIN, HOW, FIRST>(run, line, begin, end);
  (join_ends<Real, JOIN, ADDS, OTHERS>(run, ++line, begin, end), ...);
}

// The inner elements of rows in whole words: those that add take no element twice; of others the last word
// may overlap the one before it, and from the second on they are aligned to the target.
template <class Real, Join JOIN, How HOW, int... KINDS>
GG_INLINE void join_words(const Run<Real>& run, int line, int64 begin, int64 end) {
  typedef AsWords<Real> As;
  for (int64 r = begin; r < end; r += run.together) {
    const int64 rows = smaller(run.together, end - r),
                last = run.count + (rows - 1) * run.target_ahead - As::LANES;
    const Row<Real, JOIN, HOW, KINDS...> row(run, line, r);
    int64 next = HOW == ADDS ? As::LANES : aligned_after(run.target + r * run.target_ahead);
    for (int64 j = 0; j < last; j = next, next += As::LANES) row.template put<As>(j);
    row.template put<As>(last);
  }
}

// The terms from one line on in the rows [begin, end), and at their ends.
template <class Real, Join JOIN, How HOW, int... KINDS>
GG_NOINLINE void join_rows(const Run<Real>& run, int line, int64 begin, int64 end) {
  for (int64 r = begin; r < end; r += run.group) {
    const int64 last = smaller(r + run.group, end);
    if (run.count > 0) join_words<Real, JOIN, HOW, KINDS...>(run, line, r, last);
    if (run.ends) join_all_ends<Real, JOIN, HOW, KINDS...>(run, line, r, last);
  }
}

}  // namespace
}  // namespace gridgrad

#endif
