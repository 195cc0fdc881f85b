// Stores past the caches, in whole words, for outputs that would not stay in them anyway.
#ifndef GRIDGRAD_STREAM_H
#define GRIDGRAD_STREAM_H

#include "../portable.h"

namespace gridgrad {
namespace {

const int64 STREAM_BYTES = GG_STREAM_WORD > 0 ? GG_STREAM_WORD : 16;  // of a word, the widest there is

constexpr int64 smaller(int64 a, int64 b) { return a < b ? a : b; }
inline int64 larger(int64 a, int64 b) { return a > b ? a : b; }

// Streams consecutive segments of one output past the caches, in whole words. A word that a
// segment leaves half full waits for the next one: a plain store into a line that is also streamed
// would pull it back into the cache.
template <class T>
class Stream {
 public:
  static const int64 LANES = STREAM_BYTES / static_cast<int64>(sizeof(T));

  // Continues at `target`.
  void seek(T* target) {
    if (target == end_) return;
    flush();
    end_ = target;
    skipped_ = waiting_ = static_cast<int64>(reinterpret_cast<std::uintptr_t>(target) & (STREAM_BYTES - 1)) /
                          static_cast<int64>(sizeof(T));
  }

  // Where the next element waits. There is room for a word, and before the first that waits for one more.
  T* room() { return word() + waiting_; }

  // Takes `count` elements that were put there, no more than fill the word.
  GG_INLINE void take(int64 count) {
    waiting_ += count;
    end_ += count;
    if (waiting_ < LANES) return;
    if (skipped_) copy_waiting();
    else GG_STREAM(end_ - LANES, word());
    waiting_ = skipped_ = 0;
  }

  GG_INLINE void push(T value) {
    *room() = value;
    take(1);
  }

  // Where the caller stores `count` elements as whole words, while none wait.
  T* words(int64 count) {
    T* const target = end_;
    end_ += count;
    return target;
  }

  void write(T* target, const T* source, int64 count) {
    seek(target);
    const int64 first = waiting_ ? smaller(count, LANES - waiting_) : 0,
                last = first + (count - first) / LANES * LANES;
    for (int64 j = 0; j < first; ++j) push(source[j]);
    T* const whole = words(last - first);
    for (int64 j = first; j < last; j += LANES) GG_STREAM(whole + (j - first), source + j);
    for (int64 j = last; j < count; ++j) push(source[j]);
  }

  void flush() {
    copy_waiting();
    waiting_ = skipped_ = 0;
    end_ = nullptr;
  }

 private:
  T* word() { return words_ + LANES; }

  void copy_waiting() {
    for (int64 k = skipped_; k < waiting_; ++k) end_[k - waiting_] = word()[k];
  }

  T* end_ = nullptr;
  int64 waiting_ = 0;  // elements of a word begun,
  int64 skipped_ = 0;  // the first of which lie before the output
  alignas(64) T words_[3 * LANES];
};

}  // namespace
}  // namespace gridgrad

#endif
