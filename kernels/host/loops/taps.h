// What one term reads at the inner points of a row, and its value there, of a word of neighbours or of one
// alone.
#ifndef GRIDGRAD_TAPS_H
#define GRIDGRAD_TAPS_H

#include <tuple>
#include <utility>

#include "words.h"

namespace gridgrad {
namespace {

// weight * f; any pairs; weight * (above - below); formula (1); the same with a coefficient at each face; two
// or three values; what a field chooses by its sign of one or two differences to either side: each with
// weights that are the same along the row, or graded; a pair of pairs, or the differences of differences,
// along two axes.
// INNER: values are times a field where they are, OUTER: the sum is times a field.
enum Kind : int {
  NO_KIND,
  VALUE,
  LINKS,
  PAIR,
  GRADED_PAIR,
  DIFFERENCES,
  GRADED,
  FLUX,
  GRADED_FLUX,
  TWO_VALUES,
  GRADED_TWO_VALUES,
  THREE_VALUES,
  GRADED_THREE_VALUES,
  UPWIND,
  GRADED_UPWIND,
  UPWIND_TWO,
  GRADED_UPWIND_TWO,
  MIXED,
  MIXED_SECOND,
  OUTER = 32,
  INNER = 64,
  ALL_KINDS = 128
};

const int LINES = 7;  // terms of one loop: of three axes twice, and the field itself

constexpr int without_field(int kind) { return kind & (OUTER - 1); }
constexpr bool has_faces(int kind) {
  return without_field(kind) == FLUX || without_field(kind) == GRADED_FLUX;
}
constexpr bool is_values(int kind) {
  return without_field(kind) >= TWO_VALUES && without_field(kind) <= GRADED_THREE_VALUES;
}
constexpr bool is_mixed(int kind) { return without_field(kind) >= MIXED; }
constexpr bool is_upwind(int kind) { return without_field(kind) >= UPWIND && !is_mixed(kind); }
// Whether a term reads the array that it is of, and no other.
constexpr bool is_of_one_array(int kind) { return kind < OUTER && !has_faces(kind) && !is_upwind(kind); }
constexpr bool is_graded(int kind) {
  return without_field(kind) >= PAIR && !is_mixed(kind) && (without_field(kind) - PAIR) % 2;
}
constexpr bool is_one_pair(int kind) {
  return without_field(kind) == PAIR || without_field(kind) == GRADED_PAIR;
}
constexpr bool has_centre(int kind) {
  return without_field(kind) != LINKS && !is_one_pair(kind) && !is_values(kind) && !is_mixed(kind);
}
// How many terms it is, and how many neighbours it reads that have a weight each.
constexpr int terms_of(int kind) { return is_upwind(kind) ? 2 : 1; }
constexpr int neighbours_of(int kind) {
  const int own = without_field(kind);
  if (own == VALUE || own == LINKS) return 0;
  if (own == THREE_VALUES || own == GRADED_THREE_VALUES) return 3;
  return own == UPWIND_TWO || own == GRADED_UPWIND_TWO ? 4 : 2;
}
constexpr int weights_of_term(int kind) {
  if (is_mixed(kind)) return 4;
  if (is_one_pair(kind)) return 1;
  const int neighbours = neighbours_of(kind) / terms_of(kind);
  return neighbours ? neighbours : 1;
}
constexpr bool is_kind(int kind) {
  if (without_field(kind) == NO_KIND || without_field(kind) > MIXED_SECOND) return false;
  if (is_upwind(kind) && kind != without_field(kind)) return false;
  return !(kind & INNER) || is_values(kind) || without_field(kind) == LINKS;
}

// The term whose neighbours term k reads: where first derivatives (times fields) follow as many second ones,
// they are along the same axes. Of a single axis they need not be. On curved lines second ones are times
// fields too, with a mixed one between them.
constexpr int beside_of(const int* kinds, int count, int k) {
  bool is_curved = false;
  for (int i = 0; i < count; ++i) is_curved = is_curved || is_mixed(kinds[i]);
  int second[LINES] = {}, seconds = 0, others = 0;
  for (int i = 0; i < count; ++i) {
    const int kind = is_curved ? without_field(kinds[i]) : kinds[i];
    if (kind == DIFFERENCES || kind == GRADED) second[seconds++] = i;
    else if (kind != VALUE && !is_mixed(kind)) ++others;
  }
  const int first = count - others;
  return seconds > 1 && seconds == others && k >= first ? second[k - first] : k;
}

// The first of some kinds that is such; -1 if none is.
template <bool (&is_such)(int), class... Kinds>
constexpr int first_of(Kinds... kinds) {
  int at = 0, found = -1;
  ((found = found < 0 && is_such(kinds) ? at : found, ++at), ...);
  return found;
}

// A pair by elements relative to the first inner one. VALUE_ALONE: weight * f_b; where an array repeats
// itself along the axis a is b for differences too. SELECTED: the same, and a weight of 0 reads nothing.
enum LinkKind : int { DIFFERENCE, VALUE_ALONE, SELECTED };

template <class Real>
struct Link {
  int64 a, b, inner;  // the factor at b
  Real weight;
  LinkKind kind;
};

const int NEIGHBOURS = 4;

// From the first inner element of the first row on.
template <class Real>
struct Line {
  const Real *own, *neighbour[NEIGHBOURS];  // the row, its neighbours,
  int64 ahead;                              // and from a row to the next
  const Real* weight[NEIGHBOURS];           // one for each element if graded, else one for each row
  int64 weight_ahead;                       // or one for all of them
  const Real *face, *face_below, *face_above, *outer, *inner, *inner_at[NEIGHBOURS];
  int64 face_ahead, outer_ahead, inner_ahead, below, above;  // of two axes, what one row reads of itself
  int links_begin, links_end;                                // among those of the run
};

// Whether all that a term reads beside its weights is as far from a row to the next.
template <int KIND, class Real>
bool are_fields_alike(const Line<Real>& line) {
  return (!has_faces(KIND) || line.face_ahead == line.ahead) &&
         (!(KIND & INNER) || line.inner_ahead == line.ahead) &&
         (!(KIND & OUTER || is_upwind(KIND)) || line.outer_ahead == line.ahead);
}

// A row of a term; `beside` is the term, along the same axis, whose neighbours it reads.
template <class Real>
struct Place {
  const Line<Real>&line, &beside;
  const Link<Real>* links;
  int64 row;
};

const int64 TOGETHER = 512;  // elements of short rows that are done as one

// An element at an end of the row, where terms along the row have rows that are data.
struct End {
  int64 j, to;                                  // `to` is its place in `Run::end_target`
  int begin[LINES], second[LINES], end[LINES];  // of the links of each term, or of two; negative: as at inner
};

template <class Real>
struct Run {
  int64 rows, count;  // inner elements of each row
  int64 together;     // rows that are done as one, with what is between them
  int64 group;        // rows that are done before their ends
  Real* target;
  int64 target_ahead;
  Stream<Real>*
      stream;  // past the caches, if not null: with ends that were made before, in a place of theirs
  Real* end_target;
  int64 end_ahead;
  Real* walls;  // what the terms at walls, one after the other, add to ends that are made before
  int wall_terms;
  const End* end;       // in every row
  int64 ends, leading;  // `leading` of them before the inner elements
  const Link<Real>* link;
  Line<Real> line[LINES];
};

// What the pairs of a row that is data are times: nothing else, a coefficient at each face, a field at b.
enum Factor : int { NO_FACTOR, AT_FACES, AT_SAMPLES };

template <Factor FACTOR, class As, class Real>
GG_INLINE typename As::Word at_link(const As& as, const Real* own, const Real* factor,
                                    const Link<Real>& link) {
  typedef typename As::Word Word;
  Word scaled = As::all(link.weight);
  if constexpr (FACTOR == AT_FACES)
    scaled = scaled * ((as.read(factor + link.a) + as.read(factor + link.b)) * As::all(Real(0.5)));
  if constexpr (FACTOR == AT_SAMPLES) scaled = scaled * as.read(factor + link.inner);
  const Word b = as.read(own + link.b);
  if (link.kind == DIFFERENCE) return pair_value(scaled, b, as.read(own + link.a));
  return link.kind == SELECTED && link.weight == 0 ? Word{} : scaled * b;
}

// A row that is data. Out of line: all loops share it.
template <Factor FACTOR, class As, class Real>
GG_NOINLINE typename As::Word linked_row(As as, const Real* own, const Real* factor, const Link<Real>* link,
                                         const Link<Real>* end) {
  if (link == end) return typename As::Word{};
  typename As::Word sum = at_link<FACTOR>(as, own, factor, *link);
  while (++link != end) sum = sum + at_link<FACTOR>(as, own, factor, *link);
  return sum;
}

// One term in one row, or two of which a field chooses.
template <int KIND, class Real>
class Taps {
 public:
  GG_INLINE explicit Taps(const Place<Real>& place) : Taps(place, Neighbours()) {}

  // `centre` and `face` are what the field and the coefficient are there.
  template <class As>
  GG_INLINE typename As::Word at(const As& as, int64 j, const typename As::Word& centre,
                                 const typename As::Word& face) const {
    typedef typename As::Word Word;
    if constexpr (is_upwind(KIND)) {
      const Word field = as.read(outer_ + j), below = below_point(as, j, centre) * field,
                 above = above_point(as, j, centre) * field;
      return (field <= 0 ? Word{} : below) + (field >= 0 ? Word{} : above);
    } else {
      const Word value = inner(as, j, centre, face);
      if constexpr (KIND & OUTER) return value * as.read(outer_ + j);
      else return value;
    }
  }

  // At an element of an end; where rows are data, by their links.
  template <class As>
  GG_INLINE typename As::Word at_end(const As& as, const Link<Real>* links, const End& end,
                                     int number) const {
    typedef typename As::Word Word;
    const int64 j = end.j;
    if (end.begin[number] < 0) {
      Word centre{}, face{};
      if constexpr (has_centre(KIND)) centre = as.read(own_ + j);
      if constexpr (has_faces(KIND)) face = as.read(face_ + j);
      return at(as, j, centre, face);
    }
    const Link<Real>*const first = links + end.begin[number], *const second = links + end.second[number];
    const Real* factor = nullptr;
    if constexpr (has_faces(KIND)) factor = face_;
    if constexpr (KIND & INNER) factor = inner_;
    const auto row = [&](const Real* own) { return linked_row<FACTOR>(as, own, factor, first, second); };
    Word sum;
    if constexpr (is_mixed(KIND)) sum = mixed<As>(row);
    else sum = row(own_);
    if constexpr (is_upwind(KIND)) {
      const Word field = as.read(outer_ + j),
                 other = linked_row<FACTOR>(as, own_, factor, second, links + end.end[number]);
      sum = (field <= 0 ? Word{} : sum * field) + (field >= 0 ? Word{} : other * field);
    }
    if constexpr (KIND & OUTER) sum = sum * as.read(outer_ + j);
    return sum;
  }

 private:
  static constexpr int kind = without_field(KIND), COUNT = neighbours_of(KIND);
  static constexpr Factor FACTOR = has_faces(KIND) ? AT_FACES : KIND & INNER ? AT_SAMPLES : NO_FACTOR;
  typedef std::make_index_sequence<COUNT> Neighbours;

  template <std::size_t... K>
  GG_INLINE Taps(const Place<Real>& place, std::index_sequence<K...>)
      : own_(place.line.own + place.row * place.line.ahead),
        neighbour_{(place.beside.neighbour[K] + place.row * place.beside.ahead)...} {
    const Line<Real>& line = place.line;
    const Link<Real>* const links = place.links;
    const int64 row = place.row;
    if constexpr (kind == LINKS) {
      begin_ = links + line.links_begin;
      end_ = links + line.links_end;
    } else {
      for (int k = 0; k < WEIGHTS; ++k) {
        weight_[k] = line.weight[k] + row * line.weight_ahead;
        if (!is_graded(KIND)) number_[k] = *weight_[k];
      }
    }
    if constexpr (is_mixed(KIND)) {
      below_ = line.below;
      above_ = line.above;
    }
    if constexpr (KIND & OUTER || is_upwind(KIND)) outer_ = line.outer + row * line.outer_ahead;
    if constexpr (KIND & INNER) {
      inner_ = line.inner + row * line.inner_ahead;
      for (int k = 0; k < COUNT; ++k) inner_at_[k] = line.inner_at[k] + row * line.inner_ahead;
    }
    if constexpr (has_faces(KIND)) {
      face_ = line.face + row * line.face_ahead;
      face_below_ = line.face_below + row * line.face_ahead;
      face_above_ = line.face_above + row * line.face_ahead;
    }
  }

  template <class As>
  GG_INLINE typename As::Word weight(const As& as, int k, int64 j) const {
    if constexpr (is_graded(KIND)) return as.along(weight_[k] + j);
    else return as.of_row(weight_[k], number_[k]);
  }

  template <class As>
  GG_INLINE typename As::Word inner(const As& as, int64 j, const typename As::Word& centre,
                                    const typename As::Word& face) const {
    typedef typename As::Word Word;
    if constexpr (kind == LINKS) return linked(as, j);
    else if constexpr (kind == VALUE) return weight(as, 0, j) * centre;
    else if constexpr (is_values(KIND)) return values(as, j, Neighbours());
    else if constexpr (is_mixed(KIND)) return mixed<As>([&](const Real* own) { return of_row(as, own + j); });
    else {
      const Word lower = weight(as, 0, j), upper = weight(as, WEIGHTS - 1, j),
                 below = as.read(neighbour_[0] + j), above = as.read(neighbour_[1] + j);
      if constexpr (is_one_pair(KIND)) return pair_value(lower, above, below);
      else if constexpr (kind == DIFFERENCES) return two_differences(lower, upper, below, centre, above);
      else if constexpr (kind == GRADED) return interior(lower, upper, below, centre, above);
      else {
        const Word half = As::all(Real(0.5));
        const Word before = (as.read(face_below_ + j) + face) * half,
                   after = (face + as.read(face_above_ + j)) * half;
        return two_differences(lower * before, upper * after, below, centre, above);
      }
    }
  }

  // What two or three rows make of themselves, together.
  template <class As, class OfRow>
  GG_INLINE typename As::Word mixed(const OfRow& of_row) const {
    const auto lower = As::all(number_[0]), below = of_row(neighbour_[0]), above = of_row(neighbour_[1]);
    if constexpr (kind == MIXED) return pair_value(lower, above, below);
    else return two_differences(lower, As::all(number_[1]), below, of_row(own_), above);
  }

  template <class As>
  GG_INLINE typename As::Word of_row(const As& as, const Real* at) const {
    const auto lower = As::all(number_[2]), below = as.read(at + below_), above = as.read(at + above_);
    if constexpr (kind == MIXED) return pair_value(lower, above, below);
    else return two_differences(lower, As::all(number_[3]), below, as.read(at), above);
  }

  template <class As, std::size_t... K>
  GG_INLINE typename As::Word values(const As& as, int64 j, std::index_sequence<K...>) const {
    return (... + value(as, static_cast<int>(K), j));
  }

  template <class As>
  GG_INLINE typename As::Word value(const As& as, int k, int64 j) const {
    typedef typename As::Word Word;
    const Word own = weight(as, k, j);
    Word scaled = own;
    if constexpr (KIND & INNER) scaled = own * as.read(inner_at_[k] + j);
    const Word product = scaled * as.read(neighbour_[k] + j);
    if constexpr (is_graded(KIND)) return own == 0 ? Word{} : product;
    else return product;
  }

  // The differences to either side.
  template <class As>
  GG_INLINE typename As::Word below_point(const As& as, int64 j, const typename As::Word& centre) const {
    const auto near = weight(as, COUNT / 2 - 1, j) * (centre - as.read(neighbour_[0] + j));
    if constexpr (COUNT == 2) return near;
    else return weight(as, 0, j) * (as.read(neighbour_[2] + j) - centre) + near;
  }

  template <class As>
  GG_INLINE typename As::Word above_point(const As& as, int64 j, const typename As::Word& centre) const {
    const auto near = weight(as, COUNT / 2, j) * (as.read(neighbour_[1] + j) - centre);
    if constexpr (COUNT == 2) return near;
    else return near + weight(as, 3, j) * (centre - as.read(neighbour_[3] + j));
  }

  template <class As>
  GG_INLINE typename As::Word linked(const As& as, int64 j) const {
    typedef typename As::Word Word;
    const Link<Real>* link = begin_;
    Word sum = one(as, *link, j);
    while (++link != end_) sum = sum + one(as, *link, j);
    return sum;
  }

  template <class As>
  GG_INLINE typename As::Word one(const As& as, const Link<Real>& link, int64 j) const {
    typedef typename As::Word Word;
    const Word b = as.read(own_ + link.b + j);
    Word weight = As::all(link.weight);
    if constexpr (KIND & INNER) return weight * as.read(inner_ + link.inner + j) * b;
    else return link.kind ? weight * b : pair_value(weight, b, as.read(own_ + link.a + j));
  }

  static constexpr int WEIGHTS = weights_of_term(KIND) * terms_of(KIND);
  const Real *own_, *neighbour_[COUNT + 1], *weight_[WEIGHTS], *inner_at_[COUNT + 1];
  const Real *face_, *face_below_, *face_above_, *inner_, *outer_;
  const Link<Real>*begin_, *end_;
  int64 below_, above_;
  Real number_[WEIGHTS];
};

}  // namespace
}  // namespace gridgrad

#endif
