// Rows at single points of flat fields, beside gaps: computed from pairs of points, and written over a
// sweep's results.
#include <exception>
#include <thread>
#include <vector>

#include "../descriptor.h"

namespace gridgrad {

// The rows of one term at all points, in the order of these: pairs start[p] to start[p + 1] - 1 of a point.
struct RowsAtPoints {
  const int32* start;
  const int32* a;  // weight * (f[b] - f[a]), or weight * f[b] where both are one
  const int32* b;
  const void* weight;
  const void* f;
  const void* faces;  // its mean at both points is a factor of the pair; null: none
  const void* outer;  // a factor of the row, at its point; null: none
};

namespace {

constexpr int64 BLOCK = 512;  // points whose terms follow each other, while what they read is in the cache
constexpr int64 SHARE = 1 << 14;  // points that are worth a thread

// Where both points are one the difference is to 0, which leaves f[b] as it is.
template <typename Real, bool FACES>
inline Real pair_at(const RowsAtPoints& rows, int32 k) {
  const Real* f = static_cast<const Real*>(rows.f);
  const int32 a = rows.a[k], b = rows.b[k];
  Real weight = static_cast<const Real*>(rows.weight)[k];
  if (FACES) {
    const Real* faces = static_cast<const Real*>(rows.faces);
    weight *= (faces[a] + faces[b]) * Real(0.5);
  }
  const Real from = f[a];
  return weight * (f[b] - (a == b ? Real(0) : from));
}

template <typename Real, bool FACES>
void add_rows(const RowsAtPoints& rows, bool first, const int32* points, int64 begin, int64 end,
              Real* values) {
  const Real* outer = static_cast<const Real*>(rows.outer);
  int32 k = rows.start[begin];
  for (int64 p = begin; p < end; ++p) {
    const int32 stop = rows.start[p + 1];
    Real sum = 0;
    if (k < stop) sum = pair_at<Real, FACES>(rows, k++);
    for (; k < stop; ++k) sum += pair_at<Real, FACES>(rows, k);
    if (outer) sum *= outer[points[p]];
    values[p] = first ? sum : values[p] + sum;
  }
}

template <typename Real>
void rows_at(const RowsAtPoints* terms, int64 count, const int32* points, int64 begin, int64 end,
             Real* values) {
  for (int64 at = begin; at < end; at += BLOCK) {
    const int64 stop = at + BLOCK < end ? at + BLOCK : end;
    for (int64 t = 0; t < count; ++t)
      if (terms[t].faces) add_rows<Real, true>(terms[t], t == 0, points, at, stop, values);
      else add_rows<Real, false>(terms[t], t == 0, points, at, stop, values);
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
void shared(const Work& work, int64 count, int64 workers) {
  const int64 most = count / SHARE + 1, pieces = workers < most ? workers : most;
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

// The sums of the rows of `count` terms at each of `length` points, into values.
GG_EXPORT void gg_rows_at_points(const RowsAtPoints* terms, int64 count, const int32* points, int64 length,
                                 void* values, int bytes, int64 workers) {
  shared(
      [=](int64 begin, int64 end) {
        if (bytes == 4) rows_at(terms, count, points, begin, end, static_cast<float*>(values));
        else rows_at(terms, count, points, begin, end, static_cast<double*>(values));
      },
      length, workers);
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
