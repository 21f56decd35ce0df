#pragma once
#include <mpfr.h>

#include <cstdint>
#include <span>

// What reductions must give, by MPFR; nothing of the kernels is used here.
namespace concdemo {

struct Uncountables {
  std::uint64_t nans = 0, plus_infinities = 0, minus_infinities = 0;
  bool operator==(const Uncountables&) const = default;
};

// The real sum of terms: an MPFR number so wide that every operation on it is exact (std::logic_error where it is not).
class RealSum {
 public:
  RealSum();
  ~RealSum();
  RealSum(const RealSum&) = delete;
  RealSum& operator=(const RealSum&) = delete;

  void add(double term);
  void add(double x, double y);  // the real product, or what IEEE makes of it if a factor is not finite

  // To the nearest double, ties to even, as IEEE adds: see ExactAccumulator::round.
  double round() const;
  // Whether the finite terms are the sum of limbs[i] * 2^(32 i + lowest).
  bool is(std::span<const std::int64_t> limbs, int lowest) const;

  const Uncountables& uncountables() const { return uncountables_; }
  bool all_finite() const { return uncountables_ == Uncountables{}; }
  mpfr_srcptr finite() const { return total_; }

 private:
  void add_special(double term);

  mpfr_t total_, term_, factor_;
  Uncountables uncountables_;
  std::uint64_t terms_ = 0, negative_zeros_ = 0;
};

// Of `count` elements with this sum and this sum of squares; population variance; each rounded once.
double real_mean(std::uint64_t count, const RealSum& sum);
double real_variance(std::uint64_t count, const RealSum& sum, const RealSum& squares);
// Whether `deviation` is the square root of the exact variance, rounded once.
bool is_real_deviation(double deviation, std::uint64_t count, const RealSum& sum, const RealSum& squares);

}  // namespace concdemo
