// Rows that have the same terms, as one loop for each combination of kinds of terms: nothing is decided in
// it.
#ifndef GRIDGRAD_LOOP_H
#define GRIDGRAD_LOOP_H

#include "taps.h"

namespace gridgrad {
namespace {

// How many elements lie before the next aligned word of some bytes, at least one.
template <int64 BYTES, class Real>
int64 aligned_after(const Real* target) {
  const std::uintptr_t bytes = BYTES - (reinterpret_cast<std::uintptr_t>(target) & (BYTES - 1));
  return static_cast<int64>(bytes / sizeof(Real));
}

// What a loop does with its terms: it sets the output to what they make, or they join what it holds.
enum How : int { SETS, ADDS };

template <Join JOIN, How HOW, class As, class Real, class... Words>
GG_INLINE typename As::Word joined_to(const As& as, const Real* target, const typename As::Word& first,
                                      const Words&... others) {
  typename As::Word held;
  if constexpr (HOW == ADDS) held = joined<As>(JOIN, as.read(target), first);
  else held = begun<As>(JOIN, first);
  ((held = joined<As>(JOIN, held, others)), ...);
  return held;
}

// What some terms make in one row; what all of them read is read once.
template <class Real, Join JOIN, How HOW, int... KINDS>
class Row {
 public:
  GG_INLINE Row(const Run<Real>& run, int line, int64 row)
      : Row(run, run.line + line, row, std::make_index_sequence<sizeof...(KINDS)>()) {}

  template <class As>
  GG_INLINE typename As::Word at(const As& as, int64 j) const {
    typename As::Word centre{}, face{};
    if constexpr (CENTRE >= 0) centre = as.read(centre_ + j);
    if constexpr (FACE >= 0) face = as.read(face_ + j);
    const auto take = [&](const auto&... taps) {
      return joined_to<JOIN, HOW>(as, target_ + j, taps.at(as, j, centre, face)...);
    };
    return std::apply(take, taps_);
  }

  template <class As>
  GG_INLINE void put(const As& as, int64 j) const {
    as.write(target_ + j, at(as, j));
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

// One term at the ends of rows: of several at once, where the fields that it reads have rows as far apart.
// Out of line: they would take registers of the loop.
template <class Real, Join JOIN, How HOW, int KIND>
GG_NOINLINE void join_ends(const Run<Real>& run, int number, int64 begin, int64 end) {
  typedef AsRows<Real> As;
  const Line<Real>& line = run.line[number];
  const int64 most = are_fields_alike<KIND>(line) ? As::LANES : 1;
  for (int64 r = begin, rows = most; r < end; r += rows) {
    if (r + rows > end) rows = 1;
    const Taps<KIND, Real> taps(Place<Real>{line, line, run.link, r});
    const bool is_one = rows == 1;
    const As own(is_one ? 0 : line.ahead, is_one ? 0 : line.weight_ahead),
        target(is_one ? 0 : run.end_ahead, 0);
    for (const End* point = run.end; point != run.end + run.ends; ++point) {
      Real* const to = run.end_target + r * run.end_ahead + point->to;
      target.write(to, joined_to<JOIN, HOW>(target, to, taps.at_end(own, run.link, *point, number)));
    }
  }
}

// All terms there: the first sets what the others are added to.
template <class Real, Join JOIN, How HOW, int FIRST, int... OTHERS>
void join_all_ends(const Run<Real>& run, int line, int64 begin, int64 end) {
  join_ends<Real, JOIN, HOW, FIRST>(run, line, begin, end);
  (join_ends<Real, JOIN, ADDS, OTHERS>(run, ++line, begin, end), ...);
}

// What terms at walls add there, where ends are made before.
template <class Real>
void add_walls(const Run<Real>& run, int64 begin, int64 end) {
  const Real* value = run.walls;
  for (int k = 0; k < run.wall_terms; ++k, value += run.rows * run.ends)
    for (int64 j = begin * run.ends; j < end * run.ends; ++j) run.end_target[j] += value[j];
}

// Whether a loop's words may go past the caches, as soon as they are made: those of one term, and of sums
// those that read one array, if a line is two words or one. More takes so long that lines are written before
// they are full.
template <int... KINDS>
constexpr bool may_stream() {
  return sizeof...(KINDS) == 1 || (STREAM_BYTES > 16 && (is_of_one_array(KINDS) && ...));
}

// Ends of a row, which continue its output.
template <class Real>
GG_INLINE void push_ends(const Run<Real>& run, int64 row, int64 begin, int64 end) {
  const Real* const values = run.end_target + row * run.end_ahead;
  for (int64 k = begin; k < end; ++k) run.stream->push(values[k]);
}

// The bytes of a loop's words: the widest where a word takes long beside its reads, for roots or a list of
// pairs.
template <Join JOIN, How HOW, int... KINDS>
constexpr int64 bytes_of_words() {
  const bool is_long = JOIN == NORM || ((without_field(KINDS) == LINKS) || ...);
  return HOW == SETS && is_long ? STREAM_BYTES : WORD_BYTES;
}

// The inner elements of rows in whole words: those that add take no element twice; of others the last word
// may overlap the one before it, and from the second on they are aligned to the target.
template <class Real, Join JOIN, How HOW, int... KINDS>
GG_INLINE void join_words(const Run<Real>& run, int line, int64 begin, int64 end) {
  constexpr int64 BYTES = bytes_of_words<JOIN, HOW, KINDS...>();
  typedef AsWords<Real, BYTES> As;
  for (int64 r = begin; r < end; r += run.together) {
    const int64 rows = smaller(run.together, end - r),
                last = run.count + (rows - 1) * run.target_ahead - As::LANES;
    const Row<Real, JOIN, HOW, KINDS...> row(run, line, r);
    int64 next = HOW == ADDS ? As::LANES : aligned_after<BYTES>(run.target + r * run.target_ahead);
    for (int64 j = 0; j < last; j = next, next += As::LANES) row.put(As(), j);
    row.put(As(), last);
  }
}

// The same past the caches, with the ends that stand beside them: the words between, and what is put together
// of the first, the last and the ends. Out of line, too.
template <class Real, Join JOIN, int... KINDS>
GG_NOINLINE void stream_words(const Run<Real>& run, int line, int64 begin, int64 end) {
  typedef AsWords<Real, STREAM_BYTES> As;
  Stream<Real>& stream = *run.stream;
  for (int64 r = begin; r < end; ++r) {
    Real* const target = run.target + r * run.target_ahead;
    const Row<Real, JOIN, SETS, KINDS...> row(run, line, r);
    const int64 first = aligned_after<STREAM_BYTES>(target), last = run.count - As::LANES;
    int64 j = first;
    stream.seek(target - run.leading);
    push_ends(run, r, 0, run.leading);
    set_word(stream.room(), row.at(As(), 0));
    stream.take(first);
    for (; j < last; j += As::LANES) {
      const typename As::Word word = row.at(As(), j);
      GG_STREAM(target + j, &word);
    }
    stream.words(j - first);
    if (j < run.count) set_word(stream.room() + (last - j), row.at(As(), last));
    stream.take(run.count - j);
    push_ends(run, r, run.leading, run.ends);
  }
}

// The terms from one line on in the rows [begin, end), and at their ends, which streams need before them.
template <class Real, Join JOIN, How HOW, int... KINDS>
GG_NOINLINE void join_rows(const Run<Real>& run, int line, int64 begin, int64 end) {
  for (int64 r = begin; r < end; r += run.group) {
    const int64 last = smaller(r + run.group, end);
    if constexpr (HOW == SETS && may_stream<KINDS...>())
      if (run.stream) {
        if (run.ends && r % run.group == 0) {
          const int64 made = smaller(r + run.group, run.rows);
          join_all_ends<Real, JOIN, HOW, KINDS...>(run, line, r, made);
          add_walls(run, r, made);
        }
        stream_words<Real, JOIN, KINDS...>(run, line, r, last);
        continue;
      }
    if (run.count > 0) join_words<Real, JOIN, HOW, KINDS...>(run, line, r, last);
    if (run.ends) join_all_ends<Real, JOIN, HOW, KINDS...>(run, line, r, last);
  }
}

}  // namespace
}  // namespace gridgrad

#endif
