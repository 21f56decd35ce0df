#pragma once
#include <optional>
#include <string>
#include <vector>

// The Universal Scalability Law (N. J. Gunther, Guerrilla Capacity Planning, 2007): on n cores the same work takes
//   T(n) = T(1) (1 + sigma (n - 1) + kappa n (n - 1)) / n
// sigma: the part that is serial or contended for; kappa: cores that wait for one another.
namespace concdemo {

struct Estimate {
  double value = 0;
  double low = 0, high = 0;  // 95 % confidence, by Student's t
};

struct CoreTime {
  int cores = 1;
  double seconds = 0;
};

class ScalabilityModel {
 public:
  // Least squares of relative errors: n T(n) is linear in T(1), T(1) sigma and T(1) kappa. Values are held at 0 or
  // more; intervals are those of the unbounded fit, cut at 0. Nothing below five different numbers of cores, and where
  // the times are no positive numbers.
  static std::optional<ScalabilityModel> fit(const std::vector<CoreTime>& times);

  Estimate sigma, kappa;
  Estimate seconds(int cores) const;   // predicted; the interval is of the mean, low at 0 or more
  std::optional<double> best() const;  // cores beyond which more are slower; nothing when there are none

 private:
  double base_ = 0, serial_ = 0, crosstalk_ = 0;  // T(1), T(1) sigma, T(1) kappa
  double covariance_[3][3] = {};
  double quantile_ = 0;
};

constexpr int fewest_core_counts = 5;

// Sigma, kappa, the best number of cores, and the times at twice and four times the most cores measured; or why there
// is no model.
std::string scalability_text(const std::vector<CoreTime>& times);

}  // namespace concdemo
