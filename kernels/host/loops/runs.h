// Rows of a plane that have the same terms, taken at once by the loop of all terms, or term by term.
#ifndef GRIDGRAD_RUNS_H
#define GRIDGRAD_RUNS_H

#include <vector>

#include "../edges.h"
#include "table.h"

namespace gridgrad {
namespace {

// Of arrays that are not of the arithmetic type.
struct NoRuns {
  template <class Here>
  explicit NoRuns(Here&) {}
};

template <class Real>
class Runs {
 public:
  explicit Runs(const Position<Real, Real>& here) : here_(here) {}

  // Whether the terms [t, next) of an output have loops at this row, with inner elements in [begin, end).
  bool have_loops(int t, int next, int64 begin, int64 end) {
    const int output = here_.plan.term[t].output;
    leave_inner(t, next, begin, end);
    if (begin >= end || next - t > LINES || !here_.plan.term[t].assign) return false;
    if (here_.plan.array[here_.plan.inputs + output].stride[ROW] != 1) return false;
    uint64 signature = 0;
    for (int k = t; k < next; ++k) {
      kinds_[k] = kind_of(k);
      if (kinds_[k] == NO_KIND || (is_norm(t) && !loop_of_component<Real, SETS_NORM>(kinds_[k])))
        return false;
      signature = signature << 4 | static_cast<uint64>(kinds_[k]);
    }
    loops_[output] = are_around_one(t, next) ? loop_of(signature, is_norm(t)) : nullptr;
    return true;
  }

  // The elements [begin, end) of `rows` rows from this one on; `target` is the first of them, and `ahead`
  // from a row to the next there.
  void take(int t, int next, int64 rows, int64 begin, int64 end, Real* target, int64 ahead) {
    const Loop<Real> loop = loops_[here_.plan.term[t].output];
    int64 first = begin, last = end;
    leave_inner(t, next, first, last);
    leave_words(loop == nullptr, first, last);
    Run<Real> run;
    run.rows = rows;
    run.count = last - first;
    run.target = target + (first - begin);
    run.target_ahead = ahead;
    run.together = rows_together(t, next, run, end - begin);
    links_.clear();
    for (int k = t; k < next; ++k) set_line(k, first, numbers_[k - t], run.line[k - t]);
    list_ends(t, next, begin, end, first, last);
    run.end = ends_.data();
    run.ends = static_cast<int64>(ends_.size());
    run.link = links_.data();
    if (loop) return loop(run, 0, 0, rows);
    for (int64 r = 0; r < rows; ++r)
      for (int k = t; k < next; ++k) loop_of_term(k, k == t)(run, k - t, r, r + 1);
  }

 private:
  struct Known {
    uint64 signature;
    bool is_norm;
    Loop<Real> loop;
  };

  // The loop of all terms of an output.
  Loop<Real> loop_of(uint64 signature, bool is_norm) {
    for (const Known& known : known_)
      if (known.signature == signature && known.is_norm == is_norm) return known.loop;
    known_.push_back({signature, is_norm, Search<Real>(signature, is_norm).found()});
    return known_.back().loop;
  }

  bool is_norm(int t) const { return here_.plan.norm[here_.plan.term[t].output]; }

  // Term t joins what the terms before it made of its output.
  Loop<Real> loop_of_term(int t, bool first) const {
    const int kind = kinds_[t];
    if (is_norm(t))
      return first ? loop_of_component<Real, SETS_NORM>(kind) : loop_of_component<Real, ADDS_NORM>(kind);
    return first ? loop_of_one<Real, SETS>(kind) : loop_of_one<Real, ADDS>(kind);
  }

  void leave_inner(int t, int next, int64& first, int64& last) const {
    for (; t < next; ++t) here_.inner_elements(t, first, last);
  }

  // How many short rows are done as one: as far as they follow each other in all arrays, with the same
  // weights.
  int64 rows_together(int t, int next, const Run<Real>& run, int64 length) const {
    if (2 * length > TOGETHER || length != here_.plan.length[ROW] || run.target_ahead != length) return 1;
    for (; t < next; ++t) {
      const Term& term = here_.plan.term[t];
      const Stencil& stencil = here_.stencil(t);
      if (stencil.weights && (stencil.dim == ROW || stencil.dim == MIDDLE)) return 1;
      for (const int k : {int(term.input), int(term.faces), int(term.outer)})
        if (k >= 0 && here_.plan.array[k].stride[MIDDLE] != length) return 1;
    }
    return TOGETHER / length;
  }

  // What is done in words; the rest is done with the ends.
  static void leave_words(bool exactly, int64 first, int64& last) {
    const int64 count = last - first;
    if (exactly || count < Words<Real>::LANES) last -= count % Words<Real>::LANES;
  }

  // Whether the terms that read a point itself, or a coefficient there, all read it in the same arrays.
  bool are_around_one(int t, int next) const {
    int input = -1, faces = -1;
    for (; t < next; ++t) {
      const Term& term = here_.plan.term[t];
      if (has_centre(kinds_[t]) && input >= 0 && input != term.input) return false;
      if (has_centre(kinds_[t])) input = term.input;
      if (has_faces(kinds_[t]) && faces >= 0 && faces != term.faces) return false;
      if (has_faces(kinds_[t])) faces = term.faces;
    }
    return true;
  }

  int kind_of(int t) const {
    const Term& term = here_.plan.term[t];
    const Stencil& stencil = here_.stencil(t);
    if (term.then >= 0 || term.inner >= 0 || term.flags || term.outer_sign) return NO_KIND;
    if (stencil.dim == ROW && (stencil.values || stencil.selects)) return NO_KIND;
    for (const int k : {int(term.input), int(term.faces), int(term.outer)})
      if (k >= 0 && here_.plan.array[k].stride[ROW] != 1) return NO_KIND;
    const int own = term.faces >= 0 ? kind_of_flux(stencil, here_.pairs(t)) : kind_of_pairs(stencil, t);
    return own && term.outer >= 0 ? own | OUTER : own;
  }

  static int kind_of_flux(const Stencil& stencil, const Pairs<Real>& pairs) {
    if (pairs.data || !is_central(stencil) || stencil.selects) return NO_KIND;
    return pairs.weights ? GRADED_FLUX : FLUX;
  }

  int kind_of_pairs(const Stencil& stencil, int t) const {
    const Pairs<Real>& pairs = here_.pairs(t);
    if (here_.form(t) == ONE_PAIR) return PAIR;
    if (here_.form(t) == WEIGHTED) return GRADED;
    if (here_.form(t) == TWO_DIFFERENCES && pairs.b(0) == 0) return DIFFERENCES;
    if (pairs.weights || !pairs.count) return NO_KIND;
    if (may_be_zero(stencil, pairs))
      for (int64 k = 0; k < pairs.count; ++k)
        if (pairs.weight(k) == 0) return NO_KIND;
    const bool is_one = stencil.values && pairs.count == 1 && pairs.b(0) == 0;
    return is_one && !stencil.weights ? VALUE : LINKS;
  }

  // `numbers` are where its weights are kept if they are the same at all points.
  void set_line(int t, int64 first, Real* numbers, Line<Real>& line) {
    const Term& term = here_.plan.term[t];
    const Stencil& stencil = here_.stencil(t);
    const Pairs<Real>& pairs = here_.pairs(t);
    line.own = here_.row(term.input) + first;
    line.ahead = here_.plan.array[term.input].stride[MIDDLE];
    const int64 below = pairs.a(0), above = pairs.b(pairs.count - 1);
    if (without_field(kinds_[t]) == LINKS) list_links(stencil, pairs, here_.step(t), line);
    else set_weights(stencil, pairs, first, numbers, line);
    line.below = line.own + below * here_.step(t);
    line.above = line.own + above * here_.step(t);
    if (term.outer >= 0) {
      line.outer = here_.row(term.outer) + first;
      line.outer_ahead = here_.plan.array[term.outer].stride[MIDDLE];
    }
    if (term.faces >= 0) {
      line.face = here_.row(term.faces) + first;
      line.face_below = line.face + below * here_.step(stencil, term.faces);
      line.face_above = line.face + above * here_.step(stencil, term.faces);
      line.face_ahead = here_.plan.array[term.faces].stride[MIDDLE];
    }
  }

  void set_weights(const Stencil& stencil, const Pairs<Real>& pairs, int64 first, Real* numbers,
                   Line<Real>& line) const {
    line.weight_ahead = 0;
    if (pairs.weights) {
      line.lower = pairs.weights + first;
      line.upper = line.lower + here_.plan.length[ROW];
    } else if (stencil.dim == MIDDLE && stencil.weights && !pairs.data) {
      line.lower = static_cast<const Real*>(stencil.weights) + here_.at();
      line.upper = line.lower + stencil.length;
      line.weight_ahead = 1;
    } else {
      numbers[0] = pairs.weight(0);
      numbers[1] = pairs.weight(pairs.count - 1);
      line.lower = numbers;
      line.upper = numbers + 1;
    }
  }

  void list_links(const Stencil& stencil, const Pairs<Real>& pairs, int64 step, Line<Real>& line) {
    line.links_begin = static_cast<int>(links_.size());
    for (int64 k = 0; k < pairs.count; ++k) {
      const int64 b = pairs.b(k) * step;
      links_.push_back({pairs.a(k) * step, b, pairs.weight(k), stencil.values || pairs.a(k) == pairs.b(k)});
    }
    line.links_end = static_cast<int>(links_.size());
  }

  // The elements of [begin, end) outside of [first, last).
  void list_ends(int t, int next, int64 begin, int64 end, int64 first, int64 last) {
    ends_.clear();
    for (int64 j = begin; j < first; ++j) list_end(t, next, j, first);
    for (int64 j = last; j < end; ++j) list_end(t, next, j, first);
  }

  void list_end(int t, int next, int64 j, int64 first) {
    End& end = ends_.emplace_back();
    end.j = j - first;
    for (int k = t; k < next; ++k) {
      const Stencil& stencil = here_.stencil(k);
      const int64 point = point_of(stencil, j), edge = stencil.dim == ROW ? edge_of(stencil, point) : -1;
      end.begin[k - t] = edge < 0 ? -1 : static_cast<int>(links_.size());
      if (edge < 0) continue;
      const int64 origin = end.j - point * stencil.inner;
      for (int64 own = stencil.start[edge]; own < stencil.start[edge + 1]; ++own) {
        const Pair& pair = stencil.pair[own];
        links_.push_back({origin + pair.a * stencil.inner, origin + pair.b * stencil.inner,
                          static_cast<Real>(pair.weight), pair.a == pair.b});
      }
      end.end[k - t] = static_cast<int>(links_.size());
    }
  }

  const Position<Real, Real>& here_;
  int kinds_[MAX_TERMS];
  Loop<Real> loops_[MAX_ARRAYS];  // of the outputs at this row
  std::vector<Known> known_;
  Real numbers_[LINES][2];
  std::vector<End> ends_;  // of the run
  std::vector<Link<Real>> links_;
};

}  // namespace
}  // namespace gridgrad

#endif
