// Rows at single points of flat fields, beside gaps: computed from pairs of points, and written over a
// sweep's results.
#include "points.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <type_traits>
#include <vector>

#include "../../join.h"
#include "../../stencil.h"

namespace gridgrad {
namespace {

constexpr int64 BLOCK = 256;      // points whose sums are in the cache between terms
constexpr int64 SHARE = 1 << 14;  // points that are worth a thread

// Where the row of a term is at `count` points of a group.
template <typename Real>
struct Row {
  const int32* points;
  const Real* f;
  const Real* faces;
  const int32* at_f;
  const int32* at_faces;
  const int32* a;  // of its pairs
  const int32* b;
  const Real* weight;
  int64 pairs, count;
  int64 spread, size;  // where its own values begin, and from one pair to the next
  bool harmonic;
};

// What a loop over the points of a row takes: N pairs of it, of which the last may be a value.
template <int N, bool ENDS_WITH_VALUE, bool SPREAD, bool FACES, bool VARIES>
struct Kind {
  static constexpr int pairs = N;
  static constexpr bool ends_with_value = ENDS_WITH_VALUE, is_spread = SPREAD, has_faces = FACES,
                        varies = VARIES;
};

// Pairs k to k + N - 1: the first of the row, or added to it.
template <class Is, bool FIRST, typename Real>
GG_NOINLINE void add_pairs(const Row<Real>& row, int64 k, Real* __restrict sum) {
  constexpr int N = Is::pairs;
  int64 a[N], b[N], spread[N];
  Real same[N];
  for (int n = 0; n < N; ++n) {
    a[n] = row.a[k + n], b[n] = row.b[k + n], spread[n] = row.spread + (k + n) * row.size;
    same[n] = Is::varies ? Real(0) : row.weight[k + n];
  }
  for (int64 i = 0; i < row.count; ++i) {
    const int64 point = row.points[i];
    Real total = FIRST ? Real(0) : sum[i];
    for (int n = 0; n < N; ++n) {
      const int64 own = spread[n] + i, from = point + a[n], to = point + b[n];
      Real weight = Is::varies ? row.weight[own] : same[n];
      if constexpr (Is::has_faces) {
        const int64 below = Is::is_spread ? row.at_faces[own] : from,
                    above = Is::is_spread ? row.at_faces[own] : to;
        weight *= face_mean<Real>(row.faces[below], row.faces[above], row.harmonic);
      }
      const bool is_value = Is::ends_with_value && n == N - 1;
      const Real read = row.f[Is::is_spread ? row.at_f[own] : to];
      Real value = weight * (is_value ? read : read - row.f[from]);
      if (Is::has_faces && row.harmonic) value = unless_zero(weight, value);
      total = n == 0 && FIRST ? value : total + value;
    }
    sum[i] = total;
  }
}

template <bool FACES, bool VARIES, typename Real>
void add_row(const Row<Real>& row, Real* sum) {
  const auto add = [&](auto kind, int64 k) {
    if (k) add_pairs<decltype(kind), false>(row, k, sum);
    else add_pairs<decltype(kind), true>(row, k, sum);
    return kind.pairs;
  };
  for (int64 k = 0; k < row.pairs;) {
    if (row.at_f) {
      k += add(Kind<1, true, true, FACES, VARIES>{}, k);
      continue;
    }
    int64 n = k;  // differences that follow each other, and a value behind them
    while (n < row.pairs && n < k + 3 && row.a[n] != row.b[n]) ++n;
    const bool to_value = n < row.pairs && n < k + 3;
    n += to_value - k;
    const auto some = [&](auto ends_with_value) {
      constexpr bool to = decltype(ends_with_value)::value;
      if (n == 1) return add(Kind<1, to, false, FACES, VARIES>{}, k);
      return n == 2 ? add(Kind<2, to, false, FACES, VARIES>{}, k)
                    : add(Kind<3, to, false, FACES, VARIES>{}, k);
    };
    k += to_value ? some(std::true_type{}) : some(std::false_type{});
  }
}

// The row of a term at points begin to end - 1, of the group that begins at the point `from` and has `size`.
template <typename Real>
void row_of(const RowsAtPoints& rows, int64 group, const int32* points, int64 from, int64 size, int64 begin,
            int64 end, Real* sum) {
  const int32 start = rows.start[group];
  const Real* weight = static_cast<const Real*>(rows.weight);
  const Row<Real> row{points + begin,
                      static_cast<const Real*>(rows.f),
                      static_cast<const Real*>(rows.faces),
                      rows.at_f,
                      rows.at_faces,
                      rows.a + start,
                      rows.b + start,
                      rows.varies ? weight : weight + start,
                      rows.start[group + 1] - start,
                      end - begin,
                      rows.spread[group] + begin - from,
                      size,
                      rows.harmonic != 0};
  if (!row.pairs) std::fill_n(sum, row.count, Real(0));
  else if (rows.faces)
    if (rows.varies) add_row<true, true>(row, sum);
    else add_row<true, false>(row, sum);
  else if (rows.varies) add_row<false, true>(row, sum);
  else add_row<false, false>(row, sum);
  const Real* const outer = static_cast<const Real*>(rows.outer);
  const int32* const at = (rows.at_outer ? rows.at_outer : points) + begin;
  for (int64 i = 0; outer && i < row.count; ++i) {
    const Real factor = outer[at[i]];
    sum[i] = unless_other(static_cast<int>(rows.outer_sign), factor, sum[i] * factor);
  }
}

// N differences with the same weights at all points.
template <int N, typename Real>
struct Differences {
  const Real* from[N];
  const Real* to[N];
  Real weight[N];

  Differences(const RowsAtPoints& rows, int64 first) {
    for (int n = 0; n < N; ++n) {
      from[n] = static_cast<const Real*>(rows.f) + rows.a[first + n];
      to[n] = static_cast<const Real*>(rows.f) + rows.b[first + n];
      weight[n] = static_cast<const Real*>(rows.weight)[first + n];
    }
  }

  Real at(int64 point) const {
    Real total = weight[0] * (to[0][point] - from[0][point]);
    for (int n = 1; n < N; ++n) total += weight[n] * (to[n][point] - from[n][point]);
    return total;
  }
};

// The terms are this loop's own, so that no store may be one to their weights.
template <typename Real, class... Term>
GG_NOINLINE void add_at_once(const int32* points, int64 count, Real* out, Term... terms) {
  for (int64 i = 0; i < count; ++i) {
    const int64 point = points[i];
    out[point] = (... + terms.at(point));
  }
}

// A group of whose terms all are two or three such differences, up to three terms with those that are given;
// false: it is not of this kind, and nothing is written.
template <typename Real, class... Term>
bool at_once(const RowsAtPoints* next, int64 left, const Places& places, int64 group, const Term&... terms) {
  if constexpr (sizeof...(Term) > 0)
    if (!left) {
      const int64 from = places.bounds[group], count = places.bounds[group + 1] - from;
      add_at_once(places.points + from, count, static_cast<Real*>(places.values), terms...);
      return true;
    }
  if constexpr (sizeof...(Term) < 3) {
    const int64 first = next->start[group], behind = next->start[group + 1];
    const bool is_plain = !next->varies && !next->at_f && !next->faces && !next->outer;
    if (!places.at_points || next->join != TOTAL || !is_plain) return false;
    for (int64 k = first; k < behind; ++k)
      if (next->a[k] == next->b[k]) return false;  // a value
    if (behind - first == 2)
      return at_once<Real>(next + 1, left - 1, places, group, terms..., Differences<2, Real>(*next, first));
    if (behind - first == 3)
      return at_once<Real>(next + 1, left - 1, places, group, terms..., Differences<3, Real>(*next, first));
  }
  return false;
}

// Groups begin to end - 1.
template <typename Real>
void rows_at(const RowsAtPoints* terms, int64 count, const Places& places, int64 begin, int64 end) {
  Real sum[BLOCK], row[BLOCK];
  Real* const out = static_cast<Real*>(places.values);
  const int join = static_cast<int>(terms[0].join);
  for (int64 group = begin; group < end; ++group) {
    if (at_once<Real>(terms, count, places, group)) continue;
    const int64 from = places.bounds[group], size = places.bounds[group + 1] - from;
    for (int64 at = from; at < from + size; at += BLOCK) {
      const int64 stop = std::min(at + BLOCK, from + size), here = stop - at;
      row_of(terms[0], group, places.points, from, size, at, stop, sum);
      if (join != TOTAL)
        for (int64 i = 0; i < here; ++i) sum[i] = begun<AsNumbers<Real>>(join, sum[i]);
      for (int64 t = 1; t < count; ++t) {
        row_of(terms[t], group, places.points, from, size, at, stop, row);
        if (t + 1 == count && join == TOTAL) break;  // added where it is written
        for (int64 i = 0; i < here; ++i) sum[i] = joined<AsNumbers<Real>>(join, sum[i], row[i]);
      }
      const auto put = [&](int64 i, Real value) {
        out[places.at_points ? places.points[at + i] : at + i] = value;
      };
      if (join == TOTAL && count > 1)
        for (int64 i = 0; i < here; ++i) put(i, sum[i] + row[i]);
      else
        for (int64 i = 0; i < here; ++i) put(i, sum[i]);
    }
  }
}

template <typename Real>
void place(Real* out, const int32* points, const Real* values, int64 count, const int32* gaps, int64 runs,
           Real fill) {
  for (int64 r = 0; r < runs; ++r) {  // most are of one point or two, which no loop has to find out
    const int64 first = gaps[2 * r], last = gaps[2 * r + 1] - 1;
    out[first] = out[last] = fill;
    for (int64 i = first + 1; i < last; ++i) out[i] = fill;
  }
  for (int64 p = 0; p < count; ++p) out[points[p]] = values[p];
}

// Short-lived threads, each with a share; one that cannot start is run here.
template <typename Work>
void shared(const Work& work, int64 count, int64 points, int64 workers) {
  const int64 most = points / SHARE + 1, pieces = workers < most ? workers : most;
  std::vector<std::thread> threads;
  int64 piece = 1;
  try {
    for (; piece < pieces; ++piece)
      threads.emplace_back(work, count * piece / pieces, count * (piece + 1) / pieces);
  } catch (const std::exception&) {
    work(count * piece / pieces, count);
  }
  work(0, count / pieces);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

// What the rows of `count` terms at points in groups are joined to.
GG_EXPORT void gg_rows_at_points(const RowsAtPoints* terms, int64 count, const Places* places, int64 groups,
                                 int bytes, int64 workers) {
  shared(
      [=](int64 begin, int64 end) {
        if (bytes == 4) rows_at<float>(terms, count, *places, begin, end);
        else rows_at<double>(terms, count, *places, begin, end);
      },
      groups, places->bounds[groups], workers);
}

// Writes values at points of a flat field, and one number into `runs` gaps, each from its first point to
// before its last.
GG_EXPORT void gg_place(void* out, const int32* points, const void* values, int64 length, const int32* gaps,
                        int64 runs, double fill, int bytes) {
  if (bytes == 4)
    place(static_cast<float*>(out), points, static_cast<const float*>(values), length, gaps, runs,
          static_cast<float>(fill));
  else place(static_cast<double*>(out), points, static_cast<const double*>(values), length, gaps, runs, fill);
}

}  // namespace gridgrad
