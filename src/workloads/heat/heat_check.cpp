#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <limits>

#include "base/text.hpp"
#include "kernels/fill.hpp"
#include "workloads/heat/heat_workload.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t most_steps = 64;
constexpr std::uint64_t sample_seed = 30;

struct Point {
  std::uint64_t row, column;
  auto operator<=>(const Point&) const = default;
};

// First, last and two others, each once.
std::vector<Point> samples_of(const Tile& tile, int rank) {
  const std::uint64_t rows = tile.rows.size(), columns = tile.columns.size();
  if (rows == 0 || columns == 0) return {};
  std::vector<Point> points{{tile.rows.begin, tile.columns.begin}, {tile.rows.end - 1, tile.columns.end - 1}};
  for (std::uint64_t i = 0; i < 2; ++i) {
    const auto below = [&](std::uint64_t count, std::uint64_t which) {
      const double u = uniform_at(sample_seed, static_cast<std::uint32_t>(rank), 2 * i + which);
      return std::min(count - 1, static_cast<std::uint64_t>(u * static_cast<double>(count)));
    };
    points.push_back({tile.rows.begin + below(rows, 0), tile.columns.begin + below(columns, 1)});
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

// The point after so many steps, by the textbook loop from the part of the start that it depends on.
double reference(const Problem& problem, const HeatStart& start, Point point, std::uint64_t steps) {
  const auto around = [&](std::uint64_t at, std::uint64_t count) {
    return Range{at - std::min(at, steps), std::min(count, at + steps + 1)};
  };
  const Range rows = around(point.row, problem.size[0]), columns = around(point.column, problem.size[1]);
  const std::uint64_t width = columns.size();
  std::vector<double> now(rows.size() * width), next;
  start(rows, columns, {now.data(), rows.size(), width, width});
  next = now;
  const auto offset = [](std::uint64_t a, std::uint64_t b) {
    return static_cast<std::ptrdiff_t>(a) - static_cast<std::ptrdiff_t>(b);
  };
  const Window domain{offset(0, rows.begin), offset(problem.size[0], rows.begin), offset(0, columns.begin),
                      offset(problem.size[1], columns.begin)};
  const std::ptrdiff_t i = offset(point.row, rows.begin), j = offset(point.column, columns.begin);
  for (std::uint64_t left = steps; left > 0; --left) {
    const Window target = intersection(grown({i, i + 1, j, j + 1}, static_cast<std::ptrdiff_t>(left - 1)), domain);
    heat_plain({now.data(), next.data(), static_cast<std::ptrdiff_t>(width), domain}, target,
               heat_options(problem).alpha, 1);
    now.swap(next);
  }
  return now[static_cast<std::size_t>(i) * width + static_cast<std::size_t>(j)];
}

struct Extent {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
  bool numbers = true;  // all of them finite
};

Extent extent_of(const Context& context, const MatrixView& values) {
  Extent extent;
  for (std::size_t i = 0; i < values.rows; ++i) {
    for (const double value : std::span(values.data + i * values.stride, values.columns)) {
      extent.least = std::min(extent.least, value);
      extent.most = std::max(extent.most, value);
      extent.numbers = extent.numbers && std::isfinite(value);
    }
  }
  return context.comm.combine<Extent>(extent, [](const Extent& in, Extent& inout) {
    inout.least = std::min(inout.least, in.least);
    inout.most = std::max(inout.most, in.most);
    inout.numbers = inout.numbers && in.numbers;
  });
}

}  // namespace

Verification check_heat(const Context& context, const Problem& problem, HeatSolver& solver, const HeatStart& start) {
  const std::size_t end = solver.current();
  const Extent after = extent_of(context, solver.values(end));
  const std::size_t spare = solver.unused();
  solver.go_back_to(spare);
  load_start(context, start, solver);
  const Extent before = extent_of(context, solver.values(spare));
  // With alpha <= 1/4 every new value is a mean of old ones: none leaves their range but for rounding.
  const double magnitude = std::max(std::abs(before.least), std::abs(before.most));
  const double slack = 8 * static_cast<double>(heat_options(problem).steps) * 0x1p-53 * magnitude;
  const bool bounded = !before.numbers || element_count(problem.size) == 0 ||
                       (after.numbers && after.least >= before.least - slack && after.most <= before.most + slack);

  const std::uint64_t steps = std::min(heat_options(problem).steps, most_steps);
  if (steps < heat_options(problem).steps) solver.advance(steps);
  else solver.go_back_to(end);
  const MatrixView found = solver.values(solver.current());
  std::uint64_t wrong = 0;
  const std::vector<Point> points = samples_of(solver.tile(), context.comm.rank());
  mpi::together(context.comm, [&] {
    for (const Point& point : points) {
      const double value =
          found
              .data[(point.row - solver.tile().rows.begin) * found.stride + point.column - solver.tile().columns.begin];
      if (!same_bits(value, reference(problem, start, point, steps))) ++wrong;
    }
  });
  const std::uint64_t sampled = context.comm.sum(std::uint64_t{points.size()});
  wrong = context.comm.sum(wrong);
  const std::string against =
      fmt::format("scalar loop, {} (seed {}) after {}, bit for bit; the start's range, every point",
                  counted(sampled, "point"), sample_seed, counted(steps, "step"));
  if (wrong > 0) return {false, against, fmt::format("{} sampled points differ", wrong)};
  if (!bounded) {
    return {false, against,
            fmt::format("values are in [{}, {}], the start's in [{}, {}]", after.least, after.most, before.least,
                        before.most)};
  }
  return {true, against, ""};
}

}  // namespace concdemo
