#include "workloads/heat/heat_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/activity.hpp"
#include "base/tally.hpp"
#include "kernels/accumulate_parts.hpp"
#include "kernels/exact_product_sum.hpp"
#include "kernels/exact_sum.hpp"
#include "system/mpi_transfers.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t halo = HeatSolver::steps_a_pass;
constexpr std::uint64_t line = 8;  // doubles

struct Layout2D {
  std::uint64_t left, stride, elements;
};

Layout2D layout_of(const Tile& tile) {
  const std::uint64_t left = (halo + line - 1) / line * line;
  std::uint64_t stride = (left + tile.columns.size() + halo + line - 1) / line * line;
  if (stride % 512 == 0) stride += line;  // rows a whole page apart fall into the same sets of a cache
  return {left, stride, (tile.rows.size() + 2 * halo) * stride};
}

struct Sums {
  ExactSum total;
  ExactProductSum change;
  void merge(const Sums& other) {
    total.merge(other.total);
    change.merge(other.change);
  }
};

}  // namespace

HeatSolver::HeatSolver(const Context& context, std::uint64_t rows, std::uint64_t columns, double alpha,
                       std::size_t arrays)
    : context_(context),
      tiling_(plan_heat(rows, columns, static_cast<std::uint64_t>(context.comm.size()))),
      tile_(tile_of(tiling_, static_cast<std::uint64_t>(context.comm.rank()))),
      alpha_(alpha),
      left_(layout_of(tile_).left),
      stride_(layout_of(tile_).stride) {
  mpi::together(context.comm, [&] {
    for (std::size_t i = 0; i < arrays; ++i) arrays_.emplace_back(layout_of(tile_).elements);
    for (Array& array : arrays_) {
      // First touched by the thread that will work on it.
      double* data = array.span().data();
      const std::uint64_t all_rows = tile_.rows.size() + 2 * halo;
#pragma omp parallel for num_threads(context_.threads) schedule(static)
      for (std::uint64_t i = 0; i < all_rows; ++i) std::fill_n(data + i * stride_, stride_, 0.0);
    }
  });
}

MatrixSpan HeatSolver::values() {
  return {at(current_, tile_.rows, tile_.columns), tile_.rows.size(), tile_.columns.size(), stride_};
}

MatrixView HeatSolver::values(std::size_t array) const {
  return {arrays_[array].span().data() + halo * stride_ + left_, tile_.rows.size(), tile_.columns.size(), stride_};
}

std::size_t HeatSolver::unused() const {
  std::size_t array = 0;
  while (array == current_ || std::find(lent_.begin(), lent_.end(), array) != lent_.end()) ++array;
  return array;
}

double* HeatSolver::at(std::size_t array, Range rows, Range columns) {
  const std::uint64_t row = rows.begin + halo - tile_.rows.begin, column = columns.begin + left_ - tile_.columns.begin;
  return arrays_[array].span().data() + row * stride_ + column;
}

// In the coordinates of the kernel: (0, 0) is the tile's first point.
Window HeatSolver::window(Range rows, Range columns) const {
  const auto shifted = [](std::uint64_t index, std::uint64_t origin) {
    return static_cast<std::ptrdiff_t>(index) - static_cast<std::ptrdiff_t>(origin);
  };
  return {shifted(rows.begin, tile_.rows.begin), shifted(rows.end, tile_.rows.begin),
          shifted(columns.begin, tile_.columns.begin), shifted(columns.end, tile_.columns.begin)};
}

void HeatSolver::advance(std::uint64_t steps) {
  while (steps > 0) {
    const std::uint64_t now = std::min(steps, steps_a_pass);
    pass(now);
    tally::add(tally::Unit::steps, now);
    steps -= now;
  }
}

void HeatSolver::pass(std::uint64_t steps) {
  const std::size_t next = unused();
  const auto rank = static_cast<std::uint64_t>(context_.comm.rank());
  mpi::Transfers transfers;
  constexpr int tag = 3;
  const auto part_of_piece = [&](const HaloPiece& piece) {
    return MatrixSpan{at(current_, piece.rows, piece.columns), piece.rows.size(), piece.columns.size(), stride_};
  };
  const Halo pieces = halo_of(tiling_, rank, steps);
  for (const HaloPiece& piece : pieces.needed) {
    transfers.receive(context_.comm, part_of_piece(piece), static_cast<int>(piece.from), tag);
  }
  for (const HaloPiece& piece : pieces.sent) {
    transfers.send(context_.comm, part_of_piece(piece), static_cast<int>(piece.to), tag);
  }
  const HeatArrays arrays{arrays_[current_].span().data() + halo * stride_ + left_,
                          arrays_[next].span().data() + halo * stride_ + left_, static_cast<std::ptrdiff_t>(stride_),
                          window({0, tiling_.rows}, {0, tiling_.columns})};
  const auto compute = [&](const Window& target) {
    heat_steps(arrays, target, static_cast<int>(steps), alpha_, context_.threads);
    activity::beat();
  };
  // The inner part needs no halo; the frame around it waits for that.
  const Window tile = window(tile_.rows, tile_.columns);
  const Window inner = intersection(tile, [&] {
    Window reached = grown(tile, -static_cast<std::ptrdiff_t>(steps));
    if (tile_.rows.begin == 0) reached.row_begin = tile.row_begin;
    if (tile_.rows.end == tiling_.rows) reached.row_end = tile.row_end;
    if (tile_.columns.begin == 0) reached.column_begin = tile.column_begin;
    if (tile_.columns.end == tiling_.columns) reached.column_end = tile.column_end;
    return reached;
  }());
  if (inner.rows() == 0 || inner.columns() == 0) {
    transfers.wait();
    compute(tile);
  } else if (inner == tile) {
    compute(tile);
  } else {
    constexpr std::ptrdiff_t parts = 4;  // MPI moves on between them
    for (std::ptrdiff_t part = 0; part < parts; ++part) {
      compute({inner.row_begin + inner.rows() * part / parts, inner.row_begin + inner.rows() * (part + 1) / parts,
               inner.column_begin, inner.column_end});
      transfers.poll();
    }
    transfers.wait();
    compute({tile.row_begin, inner.row_begin, tile.column_begin, tile.column_end});
    compute({inner.row_end, tile.row_end, tile.column_begin, tile.column_end});
    compute({inner.row_begin, inner.row_end, tile.column_begin, inner.column_begin});
    compute({inner.row_begin, inner.row_end, inner.column_end, tile.column_end});
  }
  previous_ = current_;
  current_ = next;
}

HeatState HeatSolver::state(bool observed) const {
  const MatrixView now = values(current_), before = values(previous_);
  const Sums mine =
      accumulate_parts<Sums>(now.rows, context_.threads, [&](Sums& sums, std::size_t begin, std::size_t end) {
        std::vector<double> change(observed ? now.columns : 0);
        for (std::size_t i = begin; i < end; ++i) {
          const std::span<const double> row(now.data + i * now.stride, now.columns);
          sums.total.add(row);
          if (!observed) continue;
          for (std::size_t j = 0; j < row.size(); ++j) change[j] = row[j] - before.data[i * before.stride + j];
          sums.change.add(change, change);
        }
      });
  const Sums all = context_.comm.combine<Sums>(mine, [](const Sums& in, Sums& inout) { inout.merge(in); });
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double total = all.total.round(), squares = all.change.round();
  return {std::isnan(total) ? nan : total, observed && !std::isnan(squares) ? std::sqrt(squares) : nan};
}

std::uint64_t heat_memory_bytes(std::uint64_t rows, std::uint64_t columns, int ranks, std::size_t arrays) {
  const Tiling tiling = plan_heat(rows, columns, static_cast<std::uint64_t>(ranks));
  std::uint64_t most = 0;
  for (const std::uint64_t rank : {std::uint64_t{0}, tiling.ranks - 1}) {  // of the largest group, and of the smallest
    most = std::max(most, layout_of(tile_of(tiling, rank)).elements);
  }
  return most * arrays * sizeof(double);
}

}  // namespace concdemo
