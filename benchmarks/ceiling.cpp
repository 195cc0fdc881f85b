// The measured ceiling: reads every input once and stream-stores every output, on as many threads as gridgrad.
#include <algorithm>
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

// One piece of one output: whole aligned lines are streamed, the ragged ends are not.
void store(char* output, const char* input, std::size_t bytes) {
    const std::size_t beyond = reinterpret_cast<std::uintptr_t>(output) & (kLine - 1);
    std::size_t at = std::min((kLine - beyond) & (kLine - 1), bytes);
    std::memcpy(output, input, at);
    for (; at + kLine <= bytes; at += kLine) store_line(output + at, input + at);
    std::memcpy(output + at, input + at, bytes - at);
}

struct Job {
    const char* const* inputs;
    int input_count;
    char* const* outputs;
    int output_count;
};

// What output k is made of, bytes [start, stop): a copy of an input or, of several, their sum as float64.
const char* source(const Job& job, int k, std::size_t start, std::size_t stop, double* sums) {
    if (job.input_count <= job.output_count) return job.inputs[k % job.input_count] + start;
    const std::size_t count = (stop - start) / sizeof(double);
    const auto at = [&](int j) { return reinterpret_cast<const double*>(job.inputs[j] + start); };
    std::copy(at(k), at(k) + count, sums);
    for (int j = k + job.output_count; j < job.input_count; j += job.output_count)
        for (std::size_t i = 0; i < count; ++i) sums[i] += at(j)[i];
    return reinterpret_cast<const char*>(sums);
}

void slab(const Job& job, std::size_t start, std::size_t stop) {
    alignas(kLine) double sums[kTile / sizeof(double)];
    for (std::size_t tile = start; tile < stop; tile += kTile) {
        const std::size_t end = std::min(tile + kTile, stop);
        for (int k = 0; k < job.output_count; ++k) store(job.outputs[k] + tile, source(job, k, tile, end, sums), end - tile);
    }
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

}  // namespace

extern "C" void ceiling(const char* const* inputs, int input_count, char* const* outputs, int output_count,
                        std::int64_t bytes, int threads) {
    const Job job{inputs, input_count, outputs, output_count};
    const auto total = static_cast<std::size_t>(bytes);
    const auto edge = [&](int part) { return total * static_cast<std::size_t>(part) / threads / kTile * kTile; };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(slab, job, edge(t), t + 1 == threads ? total : edge(t + 1));
    slab(job, 0, threads == 1 ? total : edge(1));
    for (auto& thread : others) thread.join();
}
