// Rows at single points of flat fields, beside gaps: computed from pairs of points, and written over a
// sweep's results.
#include <exception>
#include <thread>
#include <vector>

#include "../descriptor.h"

namespace gridgrad {

// The rows of one term in groups of points that read alike, so that a loop over a group decides nothing.
struct RowsAtPoints {
  const int32* start;  // of each group its first pair
  const int32*
      a;  // of a pair: weight * (f[p + b] - f[p + a]) at the point p, weight * f[p + b] where both are one
  const int32* b;
  const void* weight;  // of each pair, or spread
  const int64*
      spread;  // where arrays have one value for each pair at each point: the first one of each group
  const void* f;
  const void* faces;  // its mean at both points is a factor of the pair; null: none
  const void* outer;  // a factor of the row, at its point; null: none
  uint64 varies;      // whether weights are spread
  uint64 is_spread;   // whether f, and faces, are spread; these are values
};

namespace {

constexpr int64 BLOCK = 256;      // points whose sums are in the cache between terms
constexpr int64 SHARE = 1 << 14;  // points that are worth a thread

// Where the row of a term is at `count` points of a group.
template <typename Real>
struct Row {
  const int32* points;
  const Real* f;
  const Real* faces;
  const int32* a;  // of its pairs
  const int32* b;
  const Real* weight;
  int64 pairs, count;
  int64 spread, size;  // where its own values begin, and from one pair to the next
};

// Pairs k to k + N - 1: the first of the row, or added to it.
template <typename Real, int N, bool FACES, bool VARIES, bool SPREAD, bool VALUES>
void add_pairs(const Row<Real>& row, int64 k, Real* __restrict sum) {
  int64 a[N], b[N], spread[N];
  Real same[N];
  for (int n = 0; n < N; ++n) {
    a[n] = row.a[k + n], b[n] = row.b[k + n], spread[n] = row.spread + (k + n) * row.size;
    same[n] = VARIES ? Real(0) : row.weight[k + n];
  }
  const bool first = k == 0;
  for (int64 i = 0; i < row.count; ++i) {
    const int64 point = row.points[i];
    Real total = first ? Real(0) : sum[i];
    for (int n = 0; n < N; ++n) {
      const int64 own = spread[n] + i, from = SPREAD ? own : point + a[n], to = SPREAD ? own : point + b[n];
      Real weight = VARIES ? row.weight[own] : same[n];
      if (FACES) weight *= (row.faces[from] + row.faces[to]) * Real(0.5);
      const Real value = weight * (VALUES ? row.f[to] : row.f[to] - row.f[from]);
      total = n == 0 && first ? value : total + value;
    }
    sum[i] = total;
  }
}

template <typename Real, bool FACES, bool VARIES>
void add_row(const Row<Real>& row, bool is_spread, Real* sum) {
  int64 k = 0;
  while (k < row.pairs) {
    int64 n = k;  // differences that follow each other
    while (n < row.pairs && n < k + 3 && !is_spread && row.a[n] != row.b[n]) ++n;
    n -= k;
    if (is_spread) add_pairs<Real, 1, FACES, VARIES, true, true>(row, k, sum);
    else if (n == 0) add_pairs<Real, 1, FACES, VARIES, false, true>(row, k, sum);
    else if (n == 1) add_pairs<Real, 1, FACES, VARIES, false, false>(row, k, sum);
    else if (n == 2) add_pairs<Real, 2, FACES, VARIES, false, false>(row, k, sum);
    else add_pairs<Real, 3, FACES, VARIES, false, false>(row, k, sum);
    k += n ? n : 1;
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
                      rows.a + start,
                      rows.b + start,
                      rows.varies ? weight : weight + start,
                      rows.start[group + 1] - start,
                      end - begin,
                      rows.spread[group] + begin - from,
                      size};
  if (!row.pairs)
    for (int64 i = 0; i < row.count; ++i) sum[i] = 0;
  else if (rows.faces)
    if (rows.varies) add_row<Real, true, true>(row, rows.is_spread, sum);
    else add_row<Real, true, false>(row, rows.is_spread, sum);
  else if (rows.varies) add_row<Real, false, true>(row, rows.is_spread, sum);
  else add_row<Real, false, false>(row, rows.is_spread, sum);
  if (const Real* outer = static_cast<const Real*>(rows.outer))
    for (int64 i = 0; i < row.count; ++i) sum[i] *= outer[points[begin + i]];
}

// Groups begin to end - 1; group g has the points bounds[g] to bounds[g + 1] - 1.
template <typename Real>
void rows_at(const RowsAtPoints* terms, int64 count, const int32* points, const int32* bounds, int64 begin,
             int64 end, Real* values) {
  Real sum[BLOCK];
  for (int64 group = begin; group < end; ++group) {
    const int64 from = bounds[group], size = bounds[group + 1] - from;
    for (int64 at = from; at < from + size; at += BLOCK) {
      const int64 stop = at + BLOCK < from + size ? at + BLOCK : from + size;
      row_of(terms[0], group, points, from, size, at, stop, values + at);
      for (int64 t = 1; t < count; ++t) {
        row_of(terms[t], group, points, from, size, at, stop, sum);
        for (int64 i = 0; i < stop - at; ++i) values[at + i] += sum[i];
      }
    }
  }
}

template <typename Real>
void place(Real* out, const int32* points, const Real* values, int64 count, const int32* gaps, int64 runs,
           Real fill) {
  for (int64 r = 0; r < runs; ++r)
    for (int64 i = gaps[2 * r]; i < gaps[2 * r + 1]; ++i) out[i] = fill;
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

// The sums of the rows of `count` terms at points in groups, into values.
GG_EXPORT void gg_rows_at_points(const RowsAtPoints* terms, int64 count, const int32* points,
                                 const int32* bounds, int64 groups, void* values, int bytes, int64 workers) {
  shared(
      [=](int64 begin, int64 end) {
        if (bytes == 4) rows_at(terms, count, points, bounds, begin, end, static_cast<float*>(values));
        else rows_at(terms, count, points, bounds, begin, end, static_cast<double*>(values));
      },
      groups, bounds[groups], workers);
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
