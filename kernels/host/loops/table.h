// Which combinations of terms have a loop of their own: those of derivatives of three points along one to
// three axes.
#ifndef GRIDGRAD_TABLE_H
#define GRIDGRAD_TABLE_H

#include "loop.h"

namespace gridgrad {
namespace {

template <class Real>
using Loop = void (*)(const Run<Real>&, int line, int64 begin, int64 end);

constexpr int KIND_BITS = 7;
constexpr int SCALED = TWO_VALUES | INNER;

// Kinds in order as one number.
template <class... Kinds>
constexpr uint64 signature_of(Kinds... kinds) {
  uint64 signature = 0;
  ((signature = signature << KIND_BITS | static_cast<uint64>(kinds)), ...);
  return signature;
}

template <int... KINDS>
struct Kinds {};

constexpr int with_faces(int kind) { return kind == GRADED ? GRADED_FLUX : FLUX; }
constexpr int to_sides(int kind, int own) { return kind == GRADED ? own + 1 : own; }
constexpr int turned_over(int kind) {
  return kind == PAIR ? TWO_VALUES : kind == GRADED ? GRADED_THREE_VALUES : THREE_VALUES;
}

template <int... KINDS>
constexpr Kinds<(KINDS | OUTER)...> times_fields(Kinds<KINDS...>) {
  return {};
}

template <int... KINDS>
constexpr Kinds<with_faces(KINDS)...> fluxes(Kinds<KINDS...>) {
  return {};
}

template <int OWN, int... KINDS>
constexpr Kinds<to_sides(KINDS, OWN)...> upwind(Kinds<KINDS...>) {
  return {};
}

template <int... KINDS>
constexpr Kinds<turned_over(KINDS)...> transposed(Kinds<KINDS...>) {
  return {};
}

template <int... FIRST, int... SECOND>
constexpr Kinds<FIRST..., SECOND...> joined_kinds(Kinds<FIRST...>, Kinds<SECOND...>) {
  return {};
}

template <class Real>
class Search {
 public:
  Search(uint64 wanted, int join, How how) : wanted_(wanted), join_(join), how_(how) {
    axes(Kinds<DIFFERENCES>(), Kinds<PAIR>());
    axes(Kinds<GRADED>(), Kinds<GRADED>());
    axes(Kinds<DIFFERENCES, DIFFERENCES>(), Kinds<PAIR, PAIR>());
    axes(Kinds<DIFFERENCES, GRADED>(), Kinds<DIFFERENCES, GRADED>());
    axes(Kinds<DIFFERENCES, DIFFERENCES, DIFFERENCES>(), Kinds<PAIR, PAIR, PAIR>());
    axes(Kinds<DIFFERENCES, DIFFERENCES, GRADED>(), Kinds<DIFFERENCES, DIFFERENCES, GRADED>());
    offer<TOTAL>(Kinds<PAIR, GRADED_PAIR>());  // a divergence of fluxes at faces
    offer<TOTAL>(Kinds<PAIR, PAIR, GRADED_PAIR>());
    offer<TOTAL>(Kinds<LINKS, LINKS, MIXED_SECOND>());  // a biharmonic operator, a Laplacian on curved lines
    offer<TOTAL>(times_fields(Kinds<SCALED, SCALED, SCALED, SCALED>()));  // a divergence there
    offer<TOTAL>(times_fields(Kinds<DIFFERENCES, MIXED, DIFFERENCES, PAIR, PAIR>()));
  }

  Loop<Real> found() const { return found_; }

 private:
  // The kinds of second derivatives along some axes, and of first ones.
  template <class Second, class First>
  void axes(Second second, First first) {
    offer<NORM>(first);
    offer<SQUARES>(first);
    offer<TOTAL>(first);
    both(second);                                     // a Laplacian
    both(fluxes(second));                             // diffusion
    both(times_fields(first));                        // advection
    both(joined_kinds(second, times_fields(first)));  // both
    both(upwind<UPWIND>(second));                     // advection by differences to either side
    both(upwind<UPWIND_TWO>(second));
    both(joined_kinds(second, upwind<UPWIND>(second)));
    offer<TOTAL>(transposed(first));  // the adjoint of a gradient
  }

  // The terms alone, and after the field itself.
  template <class Own>
  void both(Own own) {
    offer<TOTAL>(own);
    offer<TOTAL>(joined_kinds(Kinds<VALUE>(), own));
  }

  template <Join JOIN, int... KINDS>
  void offer(Kinds<KINDS...>) {
    if (wanted_ != signature_of(KINDS...) || join_ != JOIN) return;
    if (how_ == SETS) found_ = join_rows<Real, JOIN, SETS, KINDS...>;
    else if constexpr (JOIN == TOTAL) found_ = join_rows<Real, JOIN, ADDS, KINDS...>;
  }

  const uint64 wanted_;
  const int join_;
  const How how_;
  Loop<Real> found_ = nullptr;
};

template <class Real, How HOW, int KIND>
constexpr Loop<Real> loop_of_kind() {
  if constexpr (is_kind(KIND)) return join_rows<Real, TOTAL, HOW, KIND>;
  else return nullptr;
}

template <class Real, How HOW, int... KINDS>
Loop<Real> loop_among(int kind, std::integer_sequence<int, KINDS...>) {
  static constexpr Loop<Real> LOOPS[] = {loop_of_kind<Real, HOW, KINDS>()...};
  return LOOPS[kind];
}

// The loop of one term, or of two of which a field chooses.
template <class Real, How HOW>
Loop<Real> loop_of_one(int kind) {
  return loop_among<Real, HOW>(kind, std::make_integer_sequence<int, ALL_KINDS>());
}

// That of a norm or of squares; null for terms that are those of no gradient.
template <class Real, Join JOIN, How HOW>
Loop<Real> loop_of_component(int kind) {
  return kind == PAIR          ? join_rows<Real, JOIN, HOW, PAIR>
         : kind == DIFFERENCES ? join_rows<Real, JOIN, HOW, DIFFERENCES>
         : kind == GRADED      ? join_rows<Real, JOIN, HOW, GRADED>
         : kind == LINKS       ? join_rows<Real, JOIN, HOW, LINKS>
                               : nullptr;
}

template <class Real, How HOW>
Loop<Real> loop_of(int join, int kind) {
  return join == TOTAL     ? loop_of_one<Real, HOW>(kind)
         : join == SQUARES ? loop_of_component<Real, SQUARES, HOW>(kind)
                           : loop_of_component<Real, NORM, HOW>(kind);
}

}  // namespace
}  // namespace gridgrad

#endif
