// A sweep in bands: what is other than it beside gaps, and in them, overwrites each while it is in the cache.
#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "points.h"
#include "../sweep.h"

namespace gridgrad {

int apply_objects(const Descriptor& plan, const char* packed, bool may_stream);
GG_EXPORT void gg_rows_at_points(const RowsAtPoints* terms, int64 count, const Places* places, int64 groups,
                                 int bytes, int64 workers);
GG_EXPORT void gg_place(void* out, const int32* points, const void* values, int64 length, const int32* gaps,
                        int64 runs, double fill, int bytes);

// Where a band begins among an output's points, bounds of groups, and gaps.
struct Start {
  int64 point, bound, gap;
};

// What overwrites one output; the bounds of a band count from its first point, and one more ends its last
// group.
struct Overwritten {
  int64 array, term, terms;  // its array, and which rows of the table of a band are its own
  const int32* points;
  const int32* bounds;
  const int32* gaps;
  const Start* starts;  // of each band, and behind the last
};

// The bytes of an array from its first element on.
struct Reach {
  int64 begin, end;
};

struct Patch {
  const Overwritten* outputs;
  int64 count, terms;  // how many; rows in the table of a band
  double fill;
  const Reach* beside;  // of the arrays behind the outputs, which only rows at points read
  int64 others, bytes;  // how many these are; bytes of an output
};

namespace {

constexpr int HEAD = 6;  // words in front of the objects of gg_apply_objects

struct Call {
  const Descriptor* plan;
  const char* packed;
  const Patch* patch;
  int64 how[HEAD];
  RowsAtPoints* table;

  void* data(int64 k) const {  // of an object
    char* object;
    std::memcpy(&object, packed + sizeof how + sizeof object * static_cast<std::size_t>(k), sizeof object);
    std::memcpy(&object, object + how[0], sizeof object);
    return object;
  }

  std::intptr_t address(int64 k) const { return reinterpret_cast<std::intptr_t>(data(k)); }

  // Of the arrays that the sweep does not read, and does not look at: whether all are aligned, and none may
  // be in the memory of an output.
  Status check() const {
    const int64 first = plan->inputs, behind = first + plan->outputs;
    for (int64 k = first; k < behind; ++k)
      for (int64 other = 0; other < patch->others; ++other) {
        const Reach reach = patch->beside[other];
        const std::intptr_t out = address(k), field = address(behind + other);
        if (field % plan->output_bytes) return UNALIGNED;
        if (out < field + reach.end && field + reach.begin < out + patch->bytes) return OVERLAP;
      }
    return OK;
  }

  // Whether a sweep may store a band past the caches: not if much of it is written again. A line that must be
  // read for that takes as long as four to eight do which plain stores read.
  bool may_stream(int64 number) const {
    const int64 elements = patch->bytes / plan->output_bytes, line = 64 / plan->output_bytes;
    int64 again = 0;
    for (int64 k = 0; k < patch->count; ++k) {
      const Overwritten& output = patch->outputs[k];
      const Start from = output.starts[number], to = output.starts[number + 1];
      again += 8 * line * (to.point - from.point);
      for (int64 r = from.gap; r < to.gap; ++r) again += 4 * (output.gaps[2 * r + 1] - output.gaps[2 * r]);
    }
    return again < patch->count * elements / how[3];
  }

  int band(int64 number) const {
    int64 words[HEAD + MAX_ARRAYS] = {};
    std::memcpy(words, packed,
                sizeof how + sizeof(int64) * static_cast<std::size_t>(std::min<int64>(how[5], MAX_ARRAYS)));
    words[2] = number, words[4] = 1;
    if (const int status = apply_objects(*plan, reinterpret_cast<const char*>(words), may_stream(number)))
      return status;
    for (int64 k = 0; k < patch->count; ++k) {
      const Overwritten& output = patch->outputs[k];
      const Start from = output.starts[number], to = output.starts[number + 1];
      const int bytes = plan->output_bytes;
      void* out = data(output.array);
      const Places places{output.points + from.point, output.bounds + from.bound, out, 1};
      if (to.point > from.point)
        gg_rows_at_points(table + number * patch->terms + output.term, output.terms, &places,
                          to.bound - from.bound - 1, bytes, 1);
      gg_place(out, nullptr, nullptr, 0, output.gaps + 2 * from.gap, to.gap - from.gap, patch->fill, bytes);
    }
    return 0;
  }
};

}  // namespace

// Bands begin to end - 1 of as many as `packed` says pieces. Its objects are as in gg_apply_objects; behind
// them stand those that only rows at points read, and one of the RowsAtPoints of each band, with numbers of
// objects from 1 in the place of fields, which gets their addresses. Nothing is written where a status
// refuses.
GG_EXPORT int gg_apply_in_bands(const Descriptor* plan, const char* packed, const Patch* patch, int64 begin,
                                int64 end) {
  Call call{plan, packed, patch, {}, nullptr};
  std::memcpy(call.how, packed, sizeof call.how);
  if (const Status status = call.check()) return status;
  call.table = static_cast<RowsAtPoints*>(call.data(call.how[5] + patch->others));
  for (int64 row = begin * patch->terms; row < end * patch->terms; ++row)
    for (const void** field : {&call.table[row].f, &call.table[row].faces, &call.table[row].outer})
      if (*field) *field = call.data(reinterpret_cast<std::intptr_t>(*field) - 1);
  const int64 workers = std::min(call.how[4], end - begin);
  std::atomic<int> worst{0};
  const auto take = [&](int64 worker) {
    for (int64 k = begin + (end - begin) * worker / workers;
         k < begin + (end - begin) * (worker + 1) / workers; ++k)
      if (const int status = call.band(k)) worst = status;
  };
  std::vector<std::thread> threads;
  int64 worker = 1;
  try {
    for (; worker < workers; ++worker) threads.emplace_back(take, worker);
  } catch (const std::exception&) {  // the rest is run here
  }
  for (take(0); worker < workers; ++worker) take(worker);
  for (std::thread& thread : threads) thread.join();
  return worst;
}

}  // namespace gridgrad
