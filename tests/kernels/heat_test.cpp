#include "kernels/heat.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace {

struct Grid {
  std::ptrdiff_t rows, columns;
  std::vector<double> values;
  double& at(std::ptrdiff_t i, std::ptrdiff_t j) { return values[static_cast<std::size_t>(i * columns + j)]; }
  double at(std::ptrdiff_t i, std::ptrdiff_t j) const { return values[static_cast<std::size_t>(i * columns + j)]; }
};

Grid random_grid(std::ptrdiff_t rows, std::ptrdiff_t columns, std::mt19937_64& random) {
  Grid grid{rows, columns, std::vector<double>(static_cast<std::size_t>(rows * columns))};
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (double& value : grid.values) value = uniform(random);
  return grid;
}

// The definition, written down once more.
Grid advanced(Grid grid, int steps, double alpha) {
  for (int step = 0; step < steps; ++step) {
    const Grid before = grid;
    for (std::ptrdiff_t i = 1; i + 1 < grid.rows; ++i) {
      for (std::ptrdiff_t j = 1; j + 1 < grid.columns; ++j) {
        const double vertical = before.at(i - 1, j) + before.at(i + 1, j);
        const double horizontal = before.at(i, j - 1) + before.at(i, j + 1);
        const double around = (vertical + horizontal) - 4 * before.at(i, j);
        grid.at(i, j) = before.at(i, j) + alpha * around;
      }
    }
  }
  return grid;
}

std::uint64_t canonical_bits(double value) { return std::isnan(value) ? canonical_nan : bits(value); }

// Advances the target of a whole grid; what is outside of it must stay as it was.
std::size_t wrong_points(const Grid& start, const Window& target, int steps, int threads, std::ptrdiff_t padding) {
  constexpr double alpha = 0.21, untouched = 7;
  const std::ptrdiff_t stride = start.columns + padding;
  std::vector<double> in(static_cast<std::size_t>(start.rows * stride), std::numeric_limits<double>::signaling_NaN());
  for (std::ptrdiff_t i = 0; i < start.rows; ++i) {
    for (std::ptrdiff_t j = 0; j < start.columns; ++j) in[static_cast<std::size_t>(i * stride + j)] = start.at(i, j);
  }
  std::vector<double> out(in.size(), untouched);
  heat_steps({in.data(), out.data(), stride, {0, start.rows, 0, start.columns}}, target, steps, alpha, threads);
  const Grid expected = advanced(start, steps, alpha);
  std::size_t wrong = 0;
  for (std::ptrdiff_t i = 0; i < start.rows; ++i) {
    for (std::ptrdiff_t j = 0; j < stride; ++j) {
      const bool inside =
          i >= target.row_begin && i < target.row_end && j >= target.column_begin && j < target.column_end;
      const double right = inside ? expected.at(i, j) : untouched;
      const double found = out[static_cast<std::size_t>(i * stride + j)];
      if (bits(found) != canonical_bits(right)) ++wrong;
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE(
    "heat has the bits of its definition for any shape, target, number of steps and threads, on every SIMD target") {
  std::mt19937_64 random(6);
  const auto below = [&](std::ptrdiff_t limit) {
    return static_cast<std::ptrdiff_t>(random() % static_cast<std::uint64_t>(limit));
  };
  on_every_target([&] {
    for (int round = 0; round < 60; ++round) {
      const Grid start = random_grid(1 + below(40), 1 + below(round % 10 == 0 ? 2500 : 60), random);
      Window target{0, start.rows, 0, start.columns};
      if (round % 3 != 0) {
        target.row_begin = below(start.rows);
        target.row_end = target.row_begin + below(start.rows - target.row_begin + 1);
        target.column_begin = below(start.columns);
        target.column_end = target.column_begin + below(start.columns - target.column_begin + 1);
      }
      const int steps = 1 + static_cast<int>(below(9));
      INFO("round " << round << ": " << start.rows << " x " << start.columns << ", " << steps << " steps");
      REQUIRE(wrong_points(start, target, steps, 1 + static_cast<int>(below(3)), below(9)) == 0);
    }
  });
}

TEST_CASE("heat spreads NaN and infinities as IEEE arithmetic does, and stores canonical NaN") {
  std::mt19937_64 random(7);
  Grid start = random_grid(20, 30, random);
  start.at(5, 5) = -std::numeric_limits<double>::quiet_NaN();
  start.at(12, 20) = std::numeric_limits<double>::infinity();
  start.at(0, 3) = -std::numeric_limits<double>::infinity();
  start.at(19, 29) = std::bit_cast<double>(0xfff8000000000123);  // on the edge, which keeps its values
  on_every_target([&] {
    for (const int steps : {1, 2, 5}) CHECK(wrong_points(start, {0, 20, 0, 30}, steps, 2, 1) == 0);
  });
}

TEST_CASE("heat of a grid past the caches, whose result is streamed, has the same bits as the textbook loop") {
  constexpr std::ptrdiff_t rows = 2100, columns = 2049;
  std::mt19937_64 random(8);
  const Grid start = random_grid(rows, columns, random);
  const Window all{0, rows, 0, columns};
  std::vector<double> steps3(start.values.size()), one(start.values.size()), two(start.values);
  heat_steps({start.values.data(), steps3.data(), columns, all}, all, 3, 0.25, 2);
  heat_plain({start.values.data(), one.data(), columns, all}, all, 0.25, 2);
  heat_plain({one.data(), two.data(), columns, all}, all, 0.25, 2);
  heat_plain({two.data(), one.data(), columns, all}, all, 0.25, 2);
  CHECK((steps3 == one));
}

TEST_CASE("a process that holds a piece of the grid needs no more around its target than the steps are many") {
  std::mt19937_64 random(9);
  const Grid start = random_grid(50, 60, random);
  constexpr int steps = 4;
  const Window target{20, 31, 0, 17};  // at the left edge of the domain
  const Window held = intersection(grown(target, steps), {0, 50, 0, 60});
  const std::ptrdiff_t width = held.columns();
  std::vector<double> in, out(static_cast<std::size_t>(held.rows() * width));
  for (std::ptrdiff_t i = held.row_begin; i < held.row_end; ++i) {
    for (std::ptrdiff_t j = held.column_begin; j < held.column_end; ++j) in.push_back(start.at(i, j));
  }
  const auto shift = [&](Window w) {
    return Window{w.row_begin - held.row_begin, w.row_end - held.row_begin, w.column_begin - held.column_begin,
                  w.column_end - held.column_begin};
  };
  heat_steps({in.data(), out.data(), width, shift({0, 50, 0, 60})}, shift(target), steps, 0.2, 2);
  const Grid expected = advanced(start, steps, 0.2);
  for (std::ptrdiff_t i = target.row_begin; i < target.row_end; ++i) {
    for (std::ptrdiff_t j = target.column_begin; j < target.column_end; ++j) {
      const auto at = (i - held.row_begin) * width + j - held.column_begin;
      REQUIRE(bits(out[static_cast<std::size_t>(at)]) == canonical_bits(expected.at(i, j)));
    }
  }
}
