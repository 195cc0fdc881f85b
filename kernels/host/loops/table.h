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
  explicit Search(uint64 wanted) : wanted_(wanted) {
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
    offer(first);
    both(second);                                     // a Laplacian
    both(fluxes(second));                             // diffusion
    both(times_fields(first));                        // advection
    both(joined_kinds(second, times_fields(first)));  // both
  }

  // The terms alone, and after the field itself.
  template <class Own>
  void both(Own own) {
    offer(own);
    offer(joined_kinds(Kinds<VALUE>(), own));
  }

  template <int... KINDS>
  void offer(Kinds<KINDS...>) {
    if (wanted_ == signature_of(KINDS...)) found_ = sum_rows<Real, false, KINDS...>;
  }

  const uint64 wanted_;
  Loop<Real> found_ = nullptr;
};

// The loop of one term, which adds to what is there or not.
template <class Real, bool ADDS>
Loop<Real> loop_of_one(int kind) {
  static constexpr Loop<Real> LOOPS[] = {
      nullptr,
      sum_rows<Real, ADDS, VALUE>,
      sum_rows<Real, ADDS, PAIR>,
      sum_rows<Real, ADDS, DIFFERENCES>,
      sum_rows<Real, ADDS, GRADED>,
      sum_rows<Real, ADDS, FLUX>,
      sum_rows<Real, ADDS, GRADED_FLUX>,
      sum_rows<Real, ADDS, LINKS>,
      nullptr,
      sum_rows<Real, ADDS, VALUE | OUTER>,
      sum_rows<Real, ADDS, PAIR | OUTER>,
      sum_rows<Real, ADDS, DIFFERENCES | OUTER>,
      sum_rows<Real, ADDS, GRADED | OUTER>,
      sum_rows<Real, ADDS, FLUX | OUTER>,
      sum_rows<Real, ADDS, GRADED_FLUX | OUTER>,
      sum_rows<Real, ADDS, LINKS | OUTER>,
  };
  return LOOPS[kind];
}

}  // namespace
}  // namespace gridgrad

#endif
