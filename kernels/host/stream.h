// Stores past the caches, in whole words, for outputs that would not stay in them anyway.
#ifndef GRIDGRAD_STREAM_H
#define GRIDGRAD_STREAM_H

#include "../portable.h"

namespace gridgrad {
namespace {

const int64 WORD_BYTES = GG_STREAM_WORD > 0 ? GG_STREAM_WORD : 16;

inline int64 smaller(int64 a, int64 b) { return a < b ? a : b; }
inline int64 larger(int64 a, int64 b) { return a > b ? a : b; }

// Streams consecutive segments of one output past the caches, in whole words. A word that a
// segment leaves half full waits for the next one: a plain store into a line that is also streamed
// would pull it back into the cache.
template <class T>
class Stream {
 public:
  static const int64 LANES = WORD_BYTES / static_cast<int64>(sizeof(T));

  // Continues at `target`; after `missing()` more elements the next whole word can be stored.
  void seek(T* target) {
    if (target == end_) return;
    flush();
    end_ = target;
    lead_ = static_cast<int64>(-reinterpret_cast<std::uintptr_t>(target) & (WORD_BYTES - 1)) /
            static_cast<int64>(sizeof(T));
  }

  int64 missing() const { return lead_ ? lead_ : waiting_ ? LANES - waiting_ : 0; }

  GG_INLINE void push(T value) {
    if (lead_) {
      *end_++ = value;
      --lead_;
      return;
    }
    word_[waiting_++] = value;
    ++end_;
    if (waiting_ < LANES) return;
    GG_STREAM(end_ - LANES, word_);
    waiting_ = 0;
  }

  // Where the caller stores `count` elements as whole words.
  T* words(int64 count) {
    T* const target = end_;
    end_ += count;
    return target;
  }

  void write(T* target, const T* source, int64 count) {
    seek(target);
    const int64 first = smaller(count, missing()), last = first + (count - first) / LANES * LANES;
    for (int64 j = 0; j < first; ++j) push(source[j]);
    T* const whole = words(last - first);
    for (int64 j = first; j < last; j += LANES) GG_STREAM(whole + (j - first), source + j);
    for (int64 j = last; j < count; ++j) push(source[j]);
  }

  void flush() {
    for (int64 k = 0; k < waiting_; ++k) *(end_ - waiting_ + k) = word_[k];
    waiting_ = 0;
    end_ = nullptr;
    lead_ = 0;
  }

 private:
  T* end_ = nullptr;
  int64 lead_ = 0;     // elements up to the first whole word, stored plainly
  int64 waiting_ = 0;  // elements of a word begun
  alignas(64) T word_[LANES];
};

}  // namespace
}  // namespace gridgrad

#endif
