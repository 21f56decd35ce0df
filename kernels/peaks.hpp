#pragma once
#include <span>

namespace concdemo {

// The ceilings of the machine, to compare kernels with: the best of a few passes, each function under 0.1 s at 64 MiB a
// thread. The caller makes the buffer and touches it first where its threads will read it: thread t of T takes the
// t-th of T equal parts. Vector instructions are those of the selected SIMD target; "scalar" changes nothing here.

// Bytes per second read from the buffer, as one stream a thread or four, whichever are faster; 0 for an empty one.
double read_bandwidth_peak(std::span<const double> buffer, int threads);

// Bytes per second, read plus written, of copying the first half of the buffer over the last; with ordinary or
// non-temporal stores, whichever are faster. 0 for fewer than two elements; a middle one is left alone.
double copy_bandwidth_peak(std::span<double> buffer, int threads);

// Floating-point operations per second (double; a fused multiply-add counts 2) of independent chains in registers.
double fma_peak(int threads);

// So many steps of the chains on each thread, to be timed by the caller; returns their flops.
double fma_chains(int threads, int steps);

// One pass by all threads, to be timed by the caller; returns bytes, read plus written. A copy is of the first half
// over the last; the triad is STREAM's, a = b + 3 c over the thirds a, b, c of the buffer.
enum class Pass { read, read_in_four_streams, copy, copy_non_temporal, triad, triad_non_temporal };
double memory_pass(Pass pass, std::span<double> buffer, int threads);

}  // namespace concdemo
