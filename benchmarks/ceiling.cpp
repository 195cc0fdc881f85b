// The measured ceiling: reads the input once and stream-stores it to every output, on as many threads as gridgrad.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

constexpr std::size_t kTile = 4096;  // bytes read once, then stored to each output from the first-level cache
constexpr std::size_t kLine = 64;

void store_line(char* to, const char* from) {
#if defined(__AVX512F__)
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to), _mm512_loadu_si512(from));
#elif defined(__AVX__)
    for (std::size_t b = 0; b < kLine; b += 32)
        _mm256_stream_si256(reinterpret_cast<__m256i*>(to + b), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + b)));
#elif defined(__x86_64__)
    for (std::size_t b = 0; b < kLine; b += 16)
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + b), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + b)));
#else
    std::memcpy(to, from, kLine);
#endif
}

// One output, bytes [start, stop): whole aligned lines are streamed, the ragged ends are not.
void store(char* output, const char* input, std::size_t start, std::size_t stop) {
    std::size_t head = (kLine - (reinterpret_cast<std::uintptr_t>(output + start) & (kLine - 1))) & (kLine - 1);
    if (head > stop - start) head = stop - start;
    std::memcpy(output + start, input + start, head);
    std::size_t at = start + head;
    for (; at + kLine <= stop; at += kLine) store_line(output + at, input + at);
    std::memcpy(output + at, input + at, stop - at);
}

void slab(const char* input, char* const* outputs, int count, std::size_t start, std::size_t stop) {
    for (std::size_t tile = start; tile < stop; tile += kTile) {
        const std::size_t end = tile + kTile < stop ? tile + kTile : stop;
        for (int k = 0; k < count; ++k) store(outputs[k], input, tile, end);
    }
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

}  // namespace

extern "C" void ceiling(const char* input, char* const* outputs, int count, std::int64_t bytes, int threads) {
    const auto total = static_cast<std::size_t>(bytes);
    const auto edge = [&](int part) { return total * static_cast<std::size_t>(part) / threads / kTile * kTile; };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t)
        others.emplace_back(slab, input, outputs, count, edge(t), t + 1 == threads ? total : edge(t + 1));
    slab(input, outputs, count, 0, threads == 1 ? total : edge(1));
    for (auto& thread : others) thread.join();
}
