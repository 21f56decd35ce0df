// Our matrix kernels and the machine's limits, for matrix.py; see turns.hpp. The answer's second number is a checksum,
// or of fma, read and copy the rate (flop/s, bytes/s).
//
// matrix_bench matmul|matvec|transpose THREADS MxKxN|MxN
// kernels: ours, ours@SIMD_TARGET, plain (of transpose), and the limit: fma, read or copy
#include "kernels/matmul.hpp"
#include "kernels/matvec.hpp"
#include "kernels/peaks.hpp"
#include "kernels/simd.hpp"
#include "kernels/transpose.hpp"
#include "matrix_size.hpp"
#include "turns.hpp"

#include <span>

using namespace concdemo;

int main(int, char** argv) {
  const std::string kind = argv[1];
  const int threads = std::atoi(argv[2]);
  const auto size = turns::matrix_size(argv[3]);
  const std::size_t m = size[0], k = size[1], n = size[2];
  // One buffer for operands and result, so that the limits are measured where the kernels work.
  const std::size_t b_size = kind == "matmul" ? k * n : kind == "matvec" ? k : 0;
  const std::size_t c_size = kind == "matmul" ? m * n : kind == "matvec" ? m : m * k;
  const auto memory_a = turns::make_array(m * k, threads, 1), memory_b = turns::make_array(b_size, threads, 1u << 30),
             memory_c = turns::make_array(c_size, threads, 2u << 30);
  const std::span<const double> a(memory_a.get(), m * k), b(memory_b.get(), b_size);
  const std::span<double> c(memory_c.get(), c_size);
  std::map<std::string, std::function<double()>> kernels;
  if (kind == "matmul") {
    kernels["ours"] = [=] { return matmul(a, b, c, m, k, n, threads), c[c.size() / 2]; };
    kernels["fma"] = [=] { return fma_peak(threads); };
  } else if (kind == "matvec") {
    kernels["ours"] = [=] { return matvec(a, b, c, m, k, threads), c[c.size() / 2]; };
    kernels["read"] = [=] { return read_bandwidth_peak(a, threads); };
  } else {
    const MatrixView from{a.data(), m, k, k};
    const MatrixSpan to{c.data(), k, m, m};
    kernels["ours"] = [=] { return transpose(from, to, threads), c[1]; };
    kernels["plain"] = [=] { return transpose_plain(from, to, threads), c[1]; };
    kernels["copy"] = [=] { return copy_bandwidth_peak(c, threads); };
  }
  for (const std::string& target : simd_targets()) {
    kernels["ours@" + target] = [ours = kernels["ours"], target] {
      set_simd_target(target);
      const double result = ours();
      set_simd_target(simd_targets().front());
      return result;
    };
  }
  turns::take_turns(kernels, turns::repeats_of(2.0 * static_cast<double>(m * k * std::max<std::size_t>(n, 1))));
}
