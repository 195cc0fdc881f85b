// What a compiler must be told: the only file that knows whether the host or CUDA reads it.
#ifndef GRIDGRAD_PORTABLE_H
#define GRIDGRAD_PORTABLE_H

#if defined(__CUDACC__)

#define GG_INLINE __device__ __forceinline__
#define GG_STREAM_WORD 0

typedef signed char int8;
typedef short int16;
typedef int int32;
typedef unsigned char uint8;
typedef unsigned short uint16;
typedef unsigned int uint32;
typedef unsigned long long uint64;
typedef long long int64;

GG_INLINE float float_of_bits(uint32 bits) { return __uint_as_float(bits); }
GG_INLINE uint32 bits_of_float(float value) { return __float_as_uint(value); }
GG_INLINE float magnitude(float value) { return fabsf(value); }
GG_INLINE double magnitude(double value) { return fabs(value); }
GG_INLINE float square_root(float value) { return __fsqrt_rn(value); }
GG_INLINE double square_root(double value) { return __dsqrt_rn(value); }

// binary16: exact one way, rounded to nearest the other way.
GG_INLINE float float_of_half(uint16 half) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(half));
  return value;
}

GG_INLINE uint16 half_of_float(float value) {
  uint16 half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(value));
  return half;
}

#else

#include <cstdint>
#include <cstring>

// GG_STREAM_WORD bytes past the caches; the target is aligned to them, the source need not be.
#if defined(__AVX512F__)
#include <immintrin.h>
#define GG_STREAM_WORD 64
#define GG_STREAM(target, source) \
  _mm512_stream_si512(reinterpret_cast<__m512i*>(target), _mm512_loadu_si512(source))
#elif defined(__AVX__)
#include <immintrin.h>
#define GG_STREAM_WORD 32
#define GG_STREAM(target, source)                         \
  _mm256_stream_si256(reinterpret_cast<__m256i*>(target), \
                      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source)))
#elif defined(__SSE2__)
#include <immintrin.h>
#define GG_STREAM_WORD 16
#define GG_STREAM(target, source)                      \
  _mm_stream_si128(reinterpret_cast<__m128i*>(target), \
                   _mm_loadu_si128(reinterpret_cast<const __m128i*>(source)))
#else
#define GG_STREAM_WORD 0
#define GG_STREAM(target, source) ((void)(target), (void)(source))
#endif
#if GG_STREAM_WORD
#define GG_STREAM_FENCE() _mm_sfence()
#else
#define GG_STREAM_FENCE() ((void)0)
#endif

#define GG_INLINE inline __attribute__((always_inline))
#define GG_NOINLINE __attribute__((noinline))
#define GG_EXPORT extern "C" __attribute__((visibility("default")))

// Asks for the line at an address, which need not exist, down to the second cache: the first is needed for
// the rows in use.
#define GG_FETCH(address) __builtin_prefetch(address, 0, 2)

// What this CPU can run, as an index into the compiled levels: x86-64, -v3 (AVX2), -v4 (AVX-512).
#if defined(__x86_64__)
#define GG_CPU_LEVEL()                                                                                      \
  (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2") ? 0 \
   : __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&                             \
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")                         \
       ? 2                                                                                                  \
       : 1)
#else
#define GG_CPU_LEVEL() 0
#endif

// Bytes of the last cache, which several cores may share; 0 where the system does not tell.
#if __has_include(<unistd.h>)
#include <unistd.h>
#endif
#ifdef _SC_LEVEL3_CACHE_SIZE
#define GG_LAST_CACHE() sysconf(_SC_LEVEL3_CACHE_SIZE)
#else
#define GG_LAST_CACHE() 0
#endif

typedef std::int8_t int8;
typedef std::int16_t int16;
typedef std::int32_t int32;
typedef std::uint8_t uint8;
typedef std::uint16_t uint16;
typedef std::uint32_t uint32;
typedef std::uint64_t uint64;
typedef std::int64_t int64;

GG_INLINE float float_of_bits(uint32 bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

GG_INLINE uint32 bits_of_float(float value) {
  uint32 bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

GG_INLINE float magnitude(float value) { return __builtin_fabsf(value); }
GG_INLINE double magnitude(double value) { return __builtin_fabs(value); }
GG_INLINE float square_root(float value) { return __builtin_sqrtf(value); }
GG_INLINE double square_root(double value) { return __builtin_sqrt(value); }

#include "half.h"

#endif

#endif
