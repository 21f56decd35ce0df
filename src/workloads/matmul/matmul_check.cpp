#include "workloads/matmul/matmul_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/fill.hpp"
#include "kernels/matmul.hpp"
#include "kernels/row_products.hpp"
#include "workloads/load.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t sampled_rows = 8, sampled_columns = 16;
constexpr std::uint64_t stretch = std::uint64_t{1} << 16;  // of k or m that is held as a whole; a multiple of 256
enum Stream : std::uint32_t { row_stream = 10, column_stream, uncovered_stream, vector_stream };

struct Check {
  const Context& context;
  const MatmulParts& parts;
  std::span<const double> c;
  bool plain;
  std::uint64_t seed;
  const MatmulPlan& plan = parts.plan();
  std::uint64_t rank = static_cast<std::uint64_t>(context.comm.rank());
  Tile place = place_of(plan, rank);

  // Calls visit(piece, matrix view) for what this rank owns of a matrix in a stretch of k.
  template <class Visit>
  void for_each_own(Matrix matrix, Range k, Visit visit) const {
    for (const Strip& strip : strips_owned(plan, matrix, rank)) {
      MatrixPart piece{matrix, rank, rank, strip.rows, strip.columns};
      Range& along = matrix == Matrix::a ? piece.columns : piece.rows;
      along = common(along, k);
      if (piece.rows.size() == 0 || piece.columns.size() == 0) continue;
      visit(piece, parts.view(piece));
    }
  }
};

// Collective: some rows of A, or columns of B, in a stretch of k: one after another, the same on every rank.
std::vector<double> collect(const Check& check, Matrix matrix, const std::vector<std::uint64_t>& chosen, Range k) {
  std::vector<std::uint64_t> bits(chosen.size() * k.size(), 0);  // each has one owner: a sum of bits moves them
  check.for_each_own(matrix, k, [&](const MatrixPart& piece, const MatrixView& view) {
    for (std::size_t s = 0; s < chosen.size(); ++s) {
      const Range across = matrix == Matrix::a ? piece.rows : piece.columns;
      const Range along = matrix == Matrix::a ? piece.columns : piece.rows;
      if (chosen[s] < across.begin || chosen[s] >= across.end) continue;
      const std::uint64_t at = chosen[s] - across.begin;
      for (std::uint64_t i = 0; i < along.size(); ++i) {
        const double value = matrix == Matrix::a ? view.data[at * view.stride + i] : view.data[i * view.stride + at];
        bits[s * k.size() + along.begin - k.begin + i] = std::bit_cast<std::uint64_t>(value);
      }
    }
  });
  check.context.comm.sum(std::span(bits));
  std::vector<double> values(bits.size());
  std::transform(bits.begin(), bits.end(), values.begin(), [](auto each) { return std::bit_cast<double>(each); });
  return values;
}

// Collective: how many of these entries are wrong. Each rank compares those of its rectangle.
std::uint64_t wrong_entries(const Check& check, const std::vector<std::uint64_t>& rows,
                            const std::vector<std::uint64_t>& columns) {
  std::vector<double> chains(rows.size() * columns.size(), 0.0), magnitudes(chains.size(), 0.0);
  for (std::uint64_t begin = 0; begin < check.plan.k; begin += stretch) {
    const Range k{begin, std::min(check.plan.k, begin + stretch)};
    const auto a = collect(check, Matrix::a, rows, k), b = collect(check, Matrix::b, columns, k);
#pragma omp parallel for num_threads(check.context.threads) schedule(static)
    for (std::size_t entry = 0; entry < chains.size(); ++entry) {
      const auto row = std::span(a).subspan(entry / columns.size() * k.size(), k.size());
      const auto column = std::span(b).subspan(entry % columns.size() * k.size(), k.size());
      // Blocks of 256 one by one: the chain goes on from one stretch to the next.
      for (std::size_t p = 0; p < k.size(); p += matmul_block_k) {
        const std::size_t depth = std::min<std::size_t>(matmul_block_k, k.size() - p);
        chains[entry] += matmul_entry_reference(row.subspan(p, depth), column.subspan(p, depth), 0, depth, 1);
      }
      for (std::size_t p = 0; check.plain && p < k.size(); ++p) magnitudes[entry] += std::abs(row[p] * column[p]);
    }
  }
  std::uint64_t wrong = 0;
  const Tile& place = check.place;
  for (std::size_t entry = 0; entry < chains.size(); ++entry) {
    const std::uint64_t i = rows[entry / columns.size()], j = columns[entry % columns.size()];
    if (i < place.rows.begin || i >= place.rows.end || j < place.columns.begin || j >= place.columns.end) continue;
    const double found = check.c[(i - place.rows.begin) * place.columns.size() + j - place.columns.begin];
    const double roundings = static_cast<double>(check.plan.k + 2);
    const bool right =
        check.plain ? plausible(found, chains[entry], roundings, magnitudes[entry]) : same_bits(found, chains[entry]);
    wrong += right ? 0 : 1;
  }
  return check.context.comm.sum(wrong);
}

// For each of this rank's rows, its part of A (B r) - C r, and of |A| (|B| |r|).
struct Rows {
  std::vector<double> difference, bound;
};

Rows products_with_vector(const Check& check) {
  const MatmulPlan& plan = check.plan;
  const Tile& place = check.place;
  const int threads = check.context.threads;
  std::vector<double> r(place.columns.size()), weight(r.size());
  for (std::uint64_t j = 0; j < r.size(); ++j) {
    const double u = uniform_at(check.seed, vector_stream, place.columns.begin + j);
    weight[j] = 1 + std::floor(8 * u);
    r[j] = std::fmod(std::floor(16 * u), 2) == 0 ? weight[j] : -weight[j];
  }
  Rows rows{std::vector<double>(place.rows.size(), 0.0), std::vector<double>(place.rows.size(), 0.0)};
  // Errors of underflow in s, which are absolute: 2^53 times as much, since the bound is multiplied by 2^-53.
  const double tiny = 0x1p-1020 * static_cast<double>(plan.n + 1);
  for (std::uint64_t begin = 0; begin < plan.k; begin += stretch) {
    const Range k{begin, std::min(plan.k, begin + stretch)};
    std::vector<double> s(2 * k.size(), 0.0);  // B r, then |B| |r|
    const auto of_b = std::span(s).first(k.size()), size_of_b = std::span(s).subspan(k.size());
    check.for_each_own(Matrix::b, k, [&](const MatrixPart& piece, const MatrixView& view) {
      const std::size_t at = piece.rows.begin - k.begin;
      row_products(view, r, weight, of_b.subspan(at, view.rows), size_of_b.subspan(at, view.rows), threads);
    });
    check.context.comm.sum(std::span(s));
    for (double& each : size_of_b) each += tiny;
    check.for_each_own(Matrix::a, k, [&](const MatrixPart& piece, const MatrixView& view) {
      const std::size_t at = piece.columns.begin - k.begin;
      row_products(view, of_b.subspan(at, view.columns), size_of_b.subspan(at, view.columns), rows.difference,
                   rows.bound, threads);
    });
  }
  if (!check.c.empty()) {
    for (double& each : r) each = -each;
    const MatrixView c{check.c.data(), place.rows.size(), place.columns.size(), place.columns.size()};
    row_products(c, r, {}, rows.difference, {}, threads);
  }
  return rows;
}

// Roundings that a term goes through on its way into a row's difference.
double roundings_of(const MatmulPlan& plan, bool plain) {
  const auto k = static_cast<double>(plan.k), ranks = static_cast<double>(plan.ranks);
  const double of_c = plain ? k + 2 : static_cast<double>(matmul_block_k) + k / static_cast<double>(matmul_block_k) + 2;
  const double strips = k / static_cast<double>(std::min(plan.strip_a, plan.strip_b)) + 2;
  const double of_products = 2 * row_product_roundings(plan.n) + row_product_roundings(plan.k);
  return of_c + of_products + strips + 3 * ranks + k / static_cast<double>(stretch) + 8;
}

struct Coverage {
  std::uint64_t covered = 0;
  std::uint64_t first_wrong = ~std::uint64_t{0};
  std::vector<std::uint64_t> some_uncovered;
};

// Collective.
Coverage compare_rows(const Check& check) {
  const MatmulPlan& plan = check.plan;
  const Rows mine = products_with_vector(check);
  const double roundings = 1.1 * roundings_of(plan, check.plain);
  const double underflow = 0x1p-1070 * static_cast<double>(plan.n) * static_cast<double>(plan.k + 1);
  Coverage coverage;
  for (std::uint64_t begin = 0; begin < plan.m; begin += stretch) {
    const Range rows{begin, std::min(plan.m, begin + stretch)};
    std::vector<double> all(2 * rows.size(), 0.0);
    const Range own = common(check.place.rows, rows);
    for (std::uint64_t i = own.begin; i < own.end; ++i) {
      all[i - rows.begin] = mine.difference[i - check.place.rows.begin];
      all[rows.size() + i - rows.begin] = mine.bound[i - check.place.rows.begin];
    }
    check.context.comm.sum(std::span(all));
    for (std::uint64_t i = 0; i < rows.size(); ++i) {
      const double bound = all[rows.size() + i];
      if (!(bound < 1e300)) {
        if (coverage.some_uncovered.size() < stretch) coverage.some_uncovered.push_back(begin + i);
        continue;
      }
      ++coverage.covered;
      const bool right = std::abs(all[i]) <= 0x1p-53 * roundings * bound + underflow;
      if (!right) coverage.first_wrong = std::min(coverage.first_wrong, begin + i);
    }
  }
  return coverage;
}

}  // namespace

ProductCheck check_product(const Context& context, const MatmulParts& parts, std::span<const double> c, bool plain,
                           std::uint64_t seed) {
  const Check check{context, parts, c, plain, seed};
  const MatmulPlan& plan = check.plan;
  const auto columns = sample_below(plan.n, sampled_columns, seed, column_stream);
  const auto rows = sample_below(plan.m, sampled_rows, seed, row_stream);
  ProductCheck result;
  std::uint64_t wrong = wrong_entries(check, rows, columns);
  result.entries = rows.size() * columns.size();
  const Coverage coverage = compare_rows(check);
  result.rows_covered = coverage.covered;
  if (!coverage.some_uncovered.empty()) {
    auto more = sample_below(coverage.some_uncovered.size(), sampled_rows, seed, uncovered_stream);
    for (std::uint64_t& each : more) each = coverage.some_uncovered[each];
    wrong += wrong_entries(check, more, columns);
    result.entries += more.size() * columns.size();
  }
  if (wrong > 0) result.failure = fmt::format("{} of {} sampled entries of C differ", wrong, result.entries);
  if (coverage.first_wrong < plan.m) {
    result.failure += fmt::format("{}row {} of C is not that of A B", wrong > 0 ? "; " : "", coverage.first_wrong);
  }
  result.ok = result.failure.empty();
  return result;
}

}  // namespace concdemo
