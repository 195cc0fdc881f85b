// Which combinations of terms have a loop of their own: those of derivatives of three points along one to
// three axes.
#ifndef GRIDGRAD_TABLE_H
#define GRIDGRAD_TABLE_H

#include "loop.h"

namespace gridgrad {
namespace {

template <class Real>
using Loop = void (*)(const Run<Real>&, int line, int64 begin, int64 end);

// Kinds in order as one number.
template <class... Kinds>
constexpr uint64 signature_of(Kinds... kinds) {
  uint64 signature = 0;
  ((signature = signature << 4 | static_cast<uint64>(kinds)), ...);
  return signature;
}

template <int... KINDS>
struct Kinds {};

constexpr int with_faces(int kind) { return kind == GRADED ? GRADED_FLUX : FLUX; }

template <int... KINDS>
constexpr Kinds<(KINDS | OUTER)...> times_fields(Kinds<KINDS...>) {
  return {};
}

template <int... KINDS>
constexpr Kinds<with_faces(KINDS)...> fluxes(Kinds<KINDS...>) {
  return {};
}

template <int... FIRST, int... SECOND>
constexpr Kinds<FIRST..., SECOND...> joined_kinds(Kinds<FIRST...>, Kinds<SECOND...>) {
  return {};
}

template <class Real>
class Search {
 public:
  Search(uint64 wanted, bool norm) : wanted_(wanted), norm_(norm) {
    axes(Kinds<DIFFERENCES>(), Kinds<PAIR>());
    axes(Kinds<GRADED>(), Kinds<GRADED>());
    axes(Kinds<DIFFERENCES, DIFFERENCES>(), Kinds<PAIR, PAIR>());
    axes(Kinds<DIFFERENCES, GRADED>(), Kinds<DIFFERENCES, GRADED>());
    axes(Kinds<DIFFERENCES, DIFFERENCES, DIFFERENCES>(), Kinds<PAIR, PAIR, PAIR>());
    axes(Kinds<DIFFERENCES, DIFFERENCES, GRADED>(), Kinds<DIFFERENCES, DIFFERENCES, GRADED>());
  }

  Loop<Real> found() const { return found_; }

 private:
  // The kinds of second derivatives along some axes, and of first ones.
  template <class Second, class First>
  void axes(Second second, First first) {
    offer<SETS_NORM>(first);
    offer<SETS>(first);
    both(second);                                     // a Laplacian
    both(fluxes(second));                             // diffusion
    both(times_fields(first));                        // advection
    both(joined_kinds(second, times_fields(first)));  // both
  }

  // The terms alone, and after the field itself.
  template <class Own>
  void both(Own own) {
    offer<SETS>(own);
    offer<SETS>(joined_kinds(Kinds<VALUE>(), own));
  }

  template <How HOW, int... KINDS>
  void offer(Kinds<KINDS...>) {
    if (wanted_ == signature_of(KINDS...) && norm_ == (HOW == SETS_NORM))
      found_ = join_rows<Real, HOW, KINDS...>;
  }

  const uint64 wanted_;
  const bool norm_;
  Loop<Real> found_ = nullptr;
};

// The loop of one term.
template <class Real, How HOW>
Loop<Real> loop_of_one(int kind) {
  static constexpr Loop<Real> LOOPS[] = {
      nullptr,
      join_rows<Real, HOW, VALUE>,
      join_rows<Real, HOW, PAIR>,
      join_rows<Real, HOW, DIFFERENCES>,
      join_rows<Real, HOW, GRADED>,
      join_rows<Real, HOW, FLUX>,
      join_rows<Real, HOW, GRADED_FLUX>,
      join_rows<Real, HOW, LINKS>,
      nullptr,
      join_rows<Real, HOW, VALUE | OUTER>,
      join_rows<Real, HOW, PAIR | OUTER>,
      join_rows<Real, HOW, DIFFERENCES | OUTER>,
      join_rows<Real, HOW, GRADED | OUTER>,
      join_rows<Real, HOW, FLUX | OUTER>,
      join_rows<Real, HOW, GRADED_FLUX | OUTER>,
      join_rows<Real, HOW, LINKS | OUTER>,
  };
  return LOOPS[kind];
}

// That of a norm; null for terms that are those of no gradient.
template <class Real, How HOW>
Loop<Real> loop_of_component(int kind) {
  return kind == PAIR          ? join_rows<Real, HOW, PAIR>
         : kind == DIFFERENCES ? join_rows<Real, HOW, DIFFERENCES>
         : kind == GRADED      ? join_rows<Real, HOW, GRADED>
         : kind == LINKS       ? join_rows<Real, HOW, LINKS>
                               : nullptr;
}

}  // namespace
}  // namespace gridgrad

#endif
