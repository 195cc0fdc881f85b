// Rows of a plane that have the same terms, taken at once by the loop of all terms, or term by term.
#ifndef GRIDGRAD_RUNS_H
#define GRIDGRAD_RUNS_H

#include <vector>

#include "../edges.h"
#include "kind_here.h"
#include "table.h"

namespace gridgrad {
namespace {

// Of arrays that are not of the arithmetic type.
struct NoRuns {
  template <class Here>
  explicit NoRuns(Here&) {}
};

// How many rows of a length are done before their ends.
inline int64 rows_of_a_group(int64 length) { return larger(1, TOGETHER / length / COLUMN) * COLUMN; }

template <class Real>
class Runs {
 public:
  explicit Runs(const Position<Real, Real>& here)
      : here_(here), kind_(here), outputs_(static_cast<std::size_t>(here.plan.outputs)) {}

  // Whether the terms [t, next) of an output have loops at this row, with inner elements in [begin, end).
  bool have_loops(int t, int next, int64 begin, int64 end) {
    const int output = here_.plan.term[t].output;
    leave_inner(t, next, begin, end);
    if (begin >= end) return false;
    if (here_.plan.array[here_.plan.inputs + output].stride[ROW] != 1) return false;
    uint64 signature = 0;
    int lines = 0;
    for (int k = t; k < next; k += terms_of(kinds_[k])) {
      kinds_[k] = kind_.of(k, next);
      if (++lines > LINES || kinds_[k] == NO_KIND) return false;
      if (!loop_of<Real, SETS>(join_of(t), kinds_[k])) return false;
      signature = signature << KIND_BITS | static_cast<uint64>(kinds_[k]);
    }
    const bool is_one = are_around_one(t, next) && are_beside_one(t, next);
    output_of(t).loop = !is_one                           ? nullptr
                        : lines == 1 && how_of(t) == SETS ? loop_of<Real, SETS>(join_of(t), kinds_[t])
                                                          : loop_of_all(signature, join_of(t), how_of(t));
    return true;
  }

  // Sets up the elements [begin, end) of `rows` rows from this one on of an output, whose terms [next, walls)
  // stand at walls; `target` is the first of them. The run goes past the caches, by a stream, if a loop makes
  // all that they are: then there is room for what is added at walls.
  const Run<Real>& set_up(int t, int next, int walls, int64 rows, int64 begin, int64 end, Real* target,
                          Stream<Real>* stream) {
    Output& own = output_of(t);
    Run<Real>& run = own.run;
    int64 first = begin, last = end;
    leave_inner(t, next, first, last);
    leave_words(!own.loop || how_of(t) == ADDS, first, last);
    run.rows = rows;
    run.count = last - first;
    run.target = target + (first - begin);
    run.target_ahead = here_.plan.array[here_.plan.inputs + here_.plan.term[t].output].stride[MIDDLE];
    run.group = rows_of_a_group(end - begin);
    const bool goes_past =
        how_of(t) == SETS && streams(own.loop, t, next, run.count) && are_between(next, walls, first, last);
    run.stream = goes_past ? stream : nullptr;
    run.together =
        !run.stream && own.loop && how_of(t) == SETS && are_one(t, next, run, end - begin) ? run.group : 1;
    own.links.clear();
    int lines = 0;
    for (int k = t; k < next; k += terms_of(kinds_[k]), ++lines) set_line(k, first, own, run.line[lines]);
    list_ends(t, next, begin, end, first, last, own);
    run.end = own.ends.data();
    run.ends = static_cast<int64>(own.ends.size());
    run.leading = first - begin;
    run.link = own.links.data();
    run.end_target = run.target;
    run.end_ahead = run.target_ahead;
    if (run.stream) set_apart(own, walls_there(next, walls));
    return run;
  }

  // The rows [begin, end) of those.
  void take(int t, int next, int64 begin, int64 end) {
    const Output& own = output_of(t);
    const Run<Real>& run = own.run;
    if (own.loop) return own.loop(run, 0, begin, end);
    for (int64 r = begin; r < end; r += run.group)
      for (int k = t, line = 0; k < next; k += terms_of(kinds_[k]), ++line)
        loop_of_term(k)(run, line, r, smaller(r + run.group, end));
  }

 private:
  // The rows of an output that are set up.
  struct Output {
    Loop<Real> loop;  // of all its terms, or null
    Run<Real> run;
    Real numbers[LINES][NEIGHBOURS];
    std::vector<End> ends;
    std::vector<Link<Real>> links;
    std::vector<Real> end_values;
  };

  struct Known {
    uint64 signature;
    int join;
    How how;
    Loop<Real> loop;
  };

  // The loop of all terms of an output.
  Loop<Real> loop_of_all(uint64 signature, int join, How how) {
    for (const Known& known : known_)
      if (known.signature == signature && known.join == join && known.how == how) return known.loop;
    known_.push_back({signature, join, how, Search<Real>(signature, join, how).found()});
    return known_.back().loop;
  }

  int join_of(int t) const { return here_.plan.join[here_.plan.term[t].output]; }

  // Whether term t sets its output, or joins what this holds: what the terms before made, or was there.
  How how_of(int t) const { return here_.plan.term[t].assign ? SETS : ADDS; }

  Loop<Real> loop_of_term(int t) const {
    return how_of(t) == SETS ? loop_of<Real, SETS>(join_of(t), kinds_[t])
                             : loop_of<Real, ADDS>(join_of(t), kinds_[t]);
  }

  void leave_inner(int t, int next, int64& first, int64& last) const {
    for (; t < next; ++t) here_.inner_elements(t, first, last);
  }

  // Whether rows are short, and follow each other in all arrays, with the same weights.
  bool are_one(int t, int next, const Run<Real>& run, int64 length) const {
    if (2 * length > TOGETHER || length != here_.plan.length[ROW] || run.target_ahead != length) return false;
    for (; t < next; ++t) {
      const Term& term = here_.plan.term[t];
      const Stencil& stencil = here_.stencil(t);
      if (stencil.weights && (stencil.dim == ROW || stencil.dim == MIDDLE)) return false;
      for (const int k : {int(term.input), int(term.inner), int(term.faces), int(term.outer)})
        if (k >= 0 && here_.plan.array[k].stride[MIDDLE] != length) return false;
    }
    return true;
  }

  Output& output_of(int t) { return outputs_[static_cast<std::size_t>(here_.plan.term[t].output)]; }

  // Whether a loop's words go past the caches; those of sums in long rows only.
  bool streams(Loop<Real> loop, int t, int next, int64 count) const {
    if (!loop || count < Words<Real, STREAM_BYTES>::LANES) return false;
    if (t + terms_of(kinds_[t]) == next) return true;
    if (STREAM_BYTES <= 16 || here_.fields() > 1 || COLUMN * count < TOGETHER) return false;
    for (; t < next; t += terms_of(kinds_[t]))
      if (!is_of_one_array(kinds_[t])) return false;
    return true;
  }

  // Whether the elements [first, last) are not those where the terms [t, next) stand, which are sums there.
  bool are_between(int t, int next, int64 first, int64 last) const {
    int64 begin = first, end = last;
    leave_inner(t, next, begin, end);
    return t == next || (begin == first && end == last && join_of(t) == TOTAL);
  }

  int walls_there(int t, int next) const {
    int count = 0;
    for (; t < next; ++t) count += here_.is_there(t);
    return count;
  }

  // Ends that are streamed are made in a place of their own, those of a row side by side, and so is what
  // terms at walls add to them: -0 adds nothing.
  static void set_apart(Output& own, int walls) {
    Run<Real>& run = own.run;
    for (int64 k = 0; k < run.ends; ++k) own.ends[static_cast<std::size_t>(k)].to = k;
    const std::size_t count = static_cast<std::size_t>(run.rows * run.ends);
    own.end_values.assign(count * static_cast<std::size_t>(1 + walls), Real(-0.0));
    run.end_target = own.end_values.data();
    run.end_ahead = run.ends;
    run.walls = run.end_target + count;
    run.wall_terms = walls;
  }

  // What is done in words; the rest is done with the ends.
  static void leave_words(bool exactly, int64 first, int64& last) {
    const int64 count = last - first;
    if (count < Words<Real, STREAM_BYTES>::LANES) last = first;
    else if (exactly) last -= count % Words<Real, WORD_BYTES>::LANES;
  }

  // Whether the terms that read a point itself, or a coefficient there, all read it in the same arrays.
  bool are_around_one(int t, int next) const {
    int input = -1, faces = -1;
    for (; t < next; t += terms_of(kinds_[t])) {
      const Term& term = here_.plan.term[t];
      if (has_centre(kinds_[t]) && input >= 0 && input != term.input) return false;
      if (has_centre(kinds_[t])) input = term.input;
      if (has_faces(kinds_[t]) && faces >= 0 && faces != term.faces) return false;
      if (has_faces(kinds_[t])) faces = term.faces;
    }
    return true;
  }

  // Whether terms whose neighbours a loop reads once have the same.
  bool are_beside_one(int t, int next) const {
    int term[LINES], kinds[LINES], count = 0;
    for (; t < next; t += terms_of(kinds_[t]), ++count) {
      term[count] = t;
      kinds[count] = kinds_[t];
    }
    for (int k = 0; k < count; ++k) {
      const int own = term[k], other = term[beside_of(kinds, count, k)];
      if (own != other && !are_same_neighbours(own, other)) return false;
    }
    return true;
  }

  bool are_same_neighbours(int t, int other) const {
    return here_.plan.term[t].input == here_.plan.term[other].input &&
           here_.stencil(t).dim == here_.stencil(other).dim && here_.step(t) == here_.step(other) &&
           neighbour(t, 0) == neighbour(other, 0) && neighbour(t, 1) == neighbour(other, 1);
  }

  void set_line(int t, int64 first, Output& own, Line<Real>& line) {
    Real* const numbers = own.numbers[&line - own.run.line];  // weights that are the same at all points
    const Term& term = here_.plan.term[t];
    const Stencil& stencil = here_.stencil(t);
    line.own = here_.row(term.input) + first;
    line.ahead = here_.plan.array[term.input].stride[MIDDLE];
    if (term.outer >= 0) {
      line.outer = here_.row(term.outer) + first;
      line.outer_ahead = here_.plan.array[term.outer].stride[MIDDLE];
    }
    if (term.inner >= 0) {
      line.inner = here_.row(term.inner) + first;
      line.inner_ahead = here_.plan.array[term.inner].stride[MIDDLE];
    }
    if (without_field(kinds_[t]) == LINKS) return list_links(stencil, here_.pairs(t), t, own.links, line);
    if (is_mixed(kinds_[t])) return set_two(t, numbers, line);
    const int pairs = weights_of_term(kinds_[t]);
    set_weights(t, pairs, first, numbers, line.weight, line);
    if (is_upwind(kinds_[t])) set_weights(t + 1, pairs, first, numbers + pairs, line.weight + pairs, line);
    for (int k = 0; k < neighbours_of(kinds_[t]); ++k) {
      const int64 point = neighbour(t, k);
      line.neighbour[k] = line.own + point * here_.step(t);
      if (term.inner >= 0) line.inner_at[k] = line.inner + point * here_.step(stencil, term.inner);
    }
    if (term.faces >= 0) {
      line.face = here_.row(term.faces) + first;
      line.face_below = line.face + neighbour(t, 0) * here_.step(stencil, term.faces);
      line.face_above = line.face + neighbour(t, 1) * here_.step(stencil, term.faces);
      line.face_ahead = here_.plan.array[term.faces].stride[MIDDLE];
    }
  }

  // Of two axes: the rows that the second reads, and what the first reads in each of them.
  void set_two(int t, Real* numbers, Line<Real>& line) const {
    const Pairs<Real>&pairs = here_.pairs(t), &others = here_.then(t);
    const Term& term = here_.plan.term[t];
    const int64 step = here_.step(here_.plan.stencil[term.then], term.input);
    line.neighbour[0] = line.own + others.a(0) * step;
    line.neighbour[1] = line.own + others.b(others.count - 1) * step;
    line.below = pairs.a(0) * here_.step(t);
    line.above = pairs.b(pairs.count - 1) * here_.step(t);
    line.weight_ahead = 0;
    for (int k = 0; k < 4; ++k) {
      const Pairs<Real>& own = k < 2 ? others : pairs;
      numbers[k] = own.weight(smaller(k % 2, own.count - 1));
      line.weight[k] = numbers + k;
    }
  }

  // The points that it reads beside its own.
  int64 neighbour(int t, int k) const {
    static const int SIDES[] = {-1, 1, -2, 2};
    const Pairs<Real>& pairs = here_.pairs(t);
    if (is_upwind(kinds_[t])) return SIDES[k];
    if (is_values(kinds_[t])) return pairs.b(k);
    return k ? pairs.b(pairs.count - 1) : pairs.a(0);
  }

  void set_weights(int t, int count, int64 first, Real* numbers, const Real** weight,
                   Line<Real>& line) const {
    const Stencil& stencil = here_.stencil(t);
    const Pairs<Real>& pairs = here_.pairs(t);
    line.weight_ahead = stencil.dim == MIDDLE && stencil.weights && !pairs.data;
    for (int k = 0; k < count; ++k) {
      if (pairs.weights) weight[k] = pairs.weights + k * here_.plan.length[ROW] + first;
      else if (line.weight_ahead)
        weight[k] = static_cast<const Real*>(stencil.weights) + k * stencil.length + here_.at();
      else {
        numbers[k] = pairs.weight(smaller(k, pairs.count - 1));
        weight[k] = numbers + k;
      }
    }
  }

  void list_links(const Stencil& stencil, const Pairs<Real>& pairs, int t, std::vector<Link<Real>>& links,
                  Line<Real>& line) {
    const int inner = here_.plan.term[t].inner;
    line.links_begin = static_cast<int>(links.size());
    for (int64 k = 0; k < pairs.count; ++k) {
      const int64 a = pairs.a(k), b = pairs.b(k);
      links.push_back({a * here_.step(t), b * here_.step(t), inner < 0 ? 0 : b * here_.step(stencil, inner),
                       pairs.weight(k), stencil.values || a == b ? VALUE_ALONE : DIFFERENCE});
    }
    line.links_end = static_cast<int>(links.size());
  }

  // The elements of [begin, end) outside of [first, last).
  void list_ends(int t, int next, int64 begin, int64 end, int64 first, int64 last, Output& own) {
    own.ends.clear();
    for (int64 j = begin; j < first; ++j) list_end(t, next, j, first, own);
    for (int64 j = last; j < end; ++j) list_end(t, next, j, first, own);
  }

  void list_end(int t, int next, int64 j, int64 first, Output& own) {
    std::vector<Link<Real>>& links = own.links;
    End& end = own.ends.emplace_back();
    end.j = end.to = j - first;
    for (int line = 0; t < next; t += terms_of(kinds_[t]), ++line) {
      const bool are_two = is_upwind(kinds_[t]);
      end.begin[line] = static_cast<int>(links.size());
      if (!edge_at(t, j) && !(are_two && edge_at(t + 1, j))) {
        end.begin[line] = -1;
        continue;
      }
      list_point(t, j, end.j, links);
      end.second[line] = static_cast<int>(links.size());
      if (are_two) list_point(t + 1, j, end.j, links);
      end.end[line] = static_cast<int>(links.size());
    }
  }

  // Whether the row of element j is data of an axis in the row.
  bool edge_at(int t, int64 j) const {
    const Stencil& stencil = here_.stencil(t);
    return stencil.dim == ROW && edge_of(stencil, point_of(stencil, j)) >= 0;
  }

  // What a term along the row reads at element j, which is `own` from the first inner one.
  void list_point(int t, int64 j, int64 own, std::vector<Link<Real>>& links) {
    const Stencil& stencil = here_.stencil(t);
    const Pairs<Real>& pairs = here_.pairs(t);
    const int64 point = point_of(stencil, j), edge = edge_of(stencil, point);
    const auto add = [&](int64 a, int64 b, Real weight) {
      const LinkKind kind = stencil.values ? SELECTED : a == b ? VALUE_ALONE : DIFFERENCE;
      const int64 place = own + b * stencil.inner;
      links.push_back({own + a * stencil.inner, place, place, weight, kind});
    };
    if (edge < 0)
      for (int64 k = 0; k < pairs.count; ++k)
        add(pairs.a(k), pairs.b(k),
            pairs.weights ? pairs.weights[k * here_.plan.length[ROW] + j] : pairs.weight(k));
    else
      for (int64 k = stencil.start[edge]; k < stencil.start[edge + 1]; ++k) {
        const Pair& pair = stencil.pair[k];
        add(pair.a - point, pair.b - point, static_cast<Real>(pair.weight));
      }
  }

  const Position<Real, Real>& here_;
  const KindHere<Real> kind_;
  int kinds_[MAX_TERMS];
  std::vector<Output> outputs_;
  std::vector<Known> known_;
};

}  // namespace
}  // namespace gridgrad

#endif
