#include "kernels/peaks.hpp"

#include <chrono>
#include <cmath>
#include <span>
#include <vector>

#include "kernels/fill.hpp"
#include "support/catch.hpp"

using concdemo::copy_bandwidth_peak;
using concdemo::fma_peak;
using concdemo::read_bandwidth_peak;

namespace {

// No machine of today is outside: a pass that was optimised away would be.
bool plausible(double rate, double highest) { return std::isfinite(rate) && rate > 1e6 && rate < highest; }

}  // namespace

TEST_CASE("peaks are plausible rates on any number of threads") {
  std::vector<double> buffer(1 << 20);
  concdemo::fill_uniform(buffer, 1, 0, 0, 1);
  for (const int threads : {1, 2, 3}) {
    CAPTURE(threads);
    CHECK(plausible(read_bandwidth_peak(buffer, threads), 1e12 * threads));
    CHECK(plausible(copy_bandwidth_peak(buffer, threads), 1e12 * threads));
    CHECK(plausible(fma_peak(threads), 5e11 * threads));
  }
}

TEST_CASE("passes read, copy and combine the parts that they say and nothing else") {
  using concdemo::Pass;
  for (const std::size_t size : {0, 1, 2, 3, 5, 100, 1001, 4099}) {
    for (const Pass pass : {Pass::read, Pass::read_in_four_streams, Pass::copy, Pass::copy_non_temporal, Pass::triad,
                            Pass::triad_non_temporal}) {
      std::vector<double> buffer(size);
      concdemo::fill_index(buffer, 1, 1);
      std::vector<double> expected = buffer;
      const std::size_t half = size / 2, third = size / 3;
      std::size_t moved = size;
      if (pass == Pass::copy || pass == Pass::copy_non_temporal) {
        for (std::size_t i = 0; i < half; ++i) expected[size - half + i] = expected[i];
        moved = 2 * half;
      } else if (pass == Pass::triad || pass == Pass::triad_non_temporal) {
        for (std::size_t i = 0; i < third; ++i) expected[i] = expected[third + i] + 3 * expected[2 * third + i];
        moved = 3 * third;
      }
      CAPTURE(size, static_cast<int>(pass));
      CHECK(concdemo::memory_pass(pass, buffer, 2) == 8.0 * static_cast<double>(moved));
      CHECK(buffer == expected);
    }
  }
}

TEST_CASE("the copy copies the first half over the last and nothing else") {
  for (const std::size_t size : {0, 1, 2, 3, 15, 16, 17, 100, 1001, 4099}) {
    for (const std::size_t offset : {0, 1, 3}) {
      for (const int threads : {1, 2, 5}) {
        std::vector<double> data(size + offset + 1, -1.0);
        const std::span<double> buffer = std::span(data).subspan(offset, size);
        concdemo::fill_index(buffer, 1, 1);
        std::vector<double> expected = data;
        const std::size_t half = size / 2;
        for (std::size_t i = 0; i < half; ++i) expected[offset + size - half + i] = data[offset + i];
        const double rate = copy_bandwidth_peak(buffer, threads);
        CAPTURE(size, offset, threads);
        CHECK(data == expected);
        CHECK((size < 2 ? rate == 0.0 : rate > 0.0 && std::isfinite(rate)));
      }
    }
  }
  CHECK(read_bandwidth_peak({}, 2) == 0.0);
}

TEST_CASE("each peak is measured in bounded time") {
  std::vector<double> buffer(1 << 23, 1.0);
  const auto seconds = [](auto work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  // The promise is 0.1 s on cores of one's own; the tests of a busy machine wait longer.
  CHECK(seconds([&] { read_bandwidth_peak(buffer, 1); }) < 2);
  CHECK(seconds([&] { copy_bandwidth_peak(buffer, 1); }) < 2);
  CHECK(seconds([&] { fma_peak(1); }) < 2);
}
