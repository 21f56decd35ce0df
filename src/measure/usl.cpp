#include "measure/usl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/text.hpp"

namespace concdemo {
namespace {

using Vector = std::array<double, 3>;
using Matrix3 = std::array<Vector, 3>;

// What n T(n) consists of.
Vector terms(int cores) {
  const double n = cores;
  return {1, n - 1, n * (n - 1)};
}

// Of a symmetric positive definite matrix, by its adjugate; nothing when it is singular to working precision.
std::optional<Matrix3> inverse(const Matrix3& m) {
  const auto minor = [&](std::size_t i, std::size_t j) {
    const std::size_t r0 = i == 0 ? 1 : 0, r1 = i == 2 ? 1 : 2, c0 = j == 0 ? 1 : 0, c1 = j == 2 ? 1 : 2;
    return (m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0]) * ((i + j) % 2 == 0 ? 1 : -1);
  };
  const double determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  if (!(determinant > 1e-14 * m[0][0] * m[1][1] * m[2][2])) return {};
  Matrix3 result{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) result[i][j] = minor(j, i) / determinant;
  }
  return result;
}

Vector times_vector(const Matrix3& m, const Vector& v) {
  Vector result{};
  for (std::size_t i = 0; i < 3; ++i) result[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
  return result;
}

// Coefficients outside of `used` are 0: their rows and columns become those of the unit matrix.
std::optional<Vector> solve(Matrix3 m, Vector v, const std::array<bool, 3>& used) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (used[i]) continue;
    for (std::size_t j = 0; j < 3; ++j) m[i][j] = m[j][i] = 0;
    m[i][i] = m[0][0];
    v[i] = 0;
  }
  const auto inverted = inverse(m);
  if (!inverted) return {};
  return times_vector(*inverted, v);
}

// 97.5 % quantile of Student's t: a table, then the Cornish-Fisher expansion.
double student_t(int freedom) {
  constexpr std::array table{12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814};
  if (freedom <= static_cast<int>(table.size())) return table[static_cast<std::size_t>(std::max(freedom, 1) - 1)];
  const double z = 1.959964, f = freedom, z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4 * f) + (5 * z5 + 16 * z3 + 3 * z) / (96 * f * f);
}

}  // namespace

std::optional<ScalabilityModel> ScalabilityModel::fit(const std::vector<CoreTime>& times) {
  std::set<int> counts;
  for (const CoreTime& time : times) {
    if (!(time.seconds > 0) || !std::isfinite(time.seconds) || time.cores < 1) return {};
    counts.insert(time.cores);
  }
  if (static_cast<int>(counts.size()) < fewest_core_counts) return {};

  // Columns are scaled to size 1, for cores range from 1 to thousands.
  Vector scale{};
  for (const CoreTime& time : times) {
    const Vector x = terms(time.cores);
    for (std::size_t i = 0; i < 3; ++i) scale[i] = std::max(scale[i], std::abs(x[i]) / (time.cores * time.seconds));
  }
  Matrix3 normal{};
  Vector right{};
  for (const CoreTime& time : times) {
    const double y = time.cores * time.seconds;
    const Vector x = terms(time.cores);
    for (std::size_t i = 0; i < 3; ++i) {
      right[i] += x[i] / scale[i] / y;
      for (std::size_t j = 0; j < 3; ++j) normal[i][j] += x[i] / scale[i] * x[j] / scale[j] / (y * y);
    }
  }
  const auto error = [&](const Vector& b) {
    double sum = 0;
    for (const CoreTime& time : times) {
      const Vector x = terms(time.cores);
      double predicted = 0;
      for (std::size_t i = 0; i < 3; ++i) predicted += b[i] * x[i] / scale[i];
      const double relative = predicted / (time.cores * time.seconds) - 1;
      sum += relative * relative;
    }
    return sum;
  };
  const auto inverted = inverse(normal);
  if (!inverted) return {};
  const Vector free = times_vector(*inverted, right);
  if (!(free[0] > 0)) return {};

  // The best fit with both coefficients at 0 or more: of the four ways to hold some of them at 0.
  std::optional<Vector> best;
  for (const auto& used : std::array<std::array<bool, 3>, 4>{
           {{true, true, true}, {true, true, false}, {true, false, true}, {true, false, false}}}) {
    const auto found = solve(normal, right, used);
    if (!found || !((*found)[1] >= 0) || !((*found)[2] >= 0)) continue;
    if (!best || error(*found) < error(*best)) best = found;
  }
  if (!best) return {};

  ScalabilityModel model;
  model.base_ = (*best)[0] / scale[0];
  model.serial_ = (*best)[1] / scale[1];
  model.crosstalk_ = (*best)[2] / scale[2];
  const int freedom = static_cast<int>(times.size()) - 3;
  model.quantile_ = student_t(freedom);
  const double variance = error(free) / freedom;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      model.covariance_[i][j] = variance * (*inverted)[i][j] / (scale[i] * scale[j]);
    }
  }
  // The quotient of two estimates: its error to first order.
  const auto quotient = [&](std::size_t i, double value) {
    const double base = free[0] / scale[0], center = free[i] / scale[i] / base;
    const double spread =
        model.covariance_[i][i] - 2 * center * model.covariance_[0][i] + center * center * model.covariance_[0][0];
    const double half = model.quantile_ * std::sqrt(std::max(spread, 0.0)) / base;
    return Estimate{value, std::max(0.0, center - half), std::max(0.0, center + half)};
  };
  model.sigma = quotient(1, model.serial_ / model.base_);
  model.kappa = quotient(2, model.crosstalk_ / model.base_);
  return model;
}

Estimate ScalabilityModel::seconds(int cores) const {
  const Vector x = terms(cores);
  double spread = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) spread += x[i] * covariance_[i][j] * x[j];
  }
  const double value = base_ * x[0] + serial_ * x[1] + crosstalk_ * x[2];
  const double half = quantile_ * std::sqrt(std::max(spread, 0.0));
  return {value / cores, std::max(0.0, value - half) / cores, (value + half) / cores};
}

std::optional<double> ScalabilityModel::best() const {
  if (!(crosstalk_ > 0)) return {};
  const double square = (base_ - serial_) / crosstalk_;
  return square > 1 ? std::sqrt(square) : 1;
}

std::string scalability_text(const std::vector<CoreTime>& times) {
  std::set<int> counts;
  for (const CoreTime& time : times) counts.insert(time.cores);
  if (static_cast<int>(counts.size()) < fewest_core_counts) {
    return fmt::format("no scaling model: it takes {} numbers of cores, and there {} {}", fewest_core_counts,
                       counts.size() == 1 ? "is" : "are", counts.size());
  }
  const auto model = ScalabilityModel::fit(times);
  if (!model) return "no scaling model: the times follow none";
  const auto shown = [](const Estimate& e) { return fmt::format("{:.3g} ({:.3g} to {:.3g})", e.value, e.low, e.high); };
  std::string text = fmt::format("Universal Scalability Law: sigma {}, kappa {} (95 % confidence); ",
                                 shown(model->sigma), shown(model->kappa));
  const auto best = model->best();
  const int tellable = 16 * *counts.rbegin();
  text += best && *best <= tellable ? fmt::format("fastest on {:.0f} cores", *best)
                                    : fmt::format("faster up to more than {} cores", tellable);
  for (const int factor : {2, 4}) {
    const int cores = *counts.rbegin() * factor;
    const Estimate seconds = model->seconds(cores);
    text += fmt::format("; extrapolated to {} cores: {} ({} to {})", cores, format_seconds(seconds.value),
                        format_seconds(seconds.low), format_seconds(seconds.high));
  }
  return text;
}

}  // namespace concdemo
