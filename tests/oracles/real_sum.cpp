#include "oracles/real_sum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace concdemo {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Bits. Products of doubles span 2^-2148 to 2^2048; the rest is room for counts of 2^32, squared.
constexpr mpfr_prec_t width = 4352;

// A number that frees itself; for intermediate results.
struct Number {
  mpfr_t value;
  explicit Number(mpfr_prec_t precision = width) { mpfr_init2(value, precision); }
  ~Number() { mpfr_clear(value); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  operator mpfr_ptr() { return value; }
};

void exactly(int ternary) {
  if (ternary != 0) throw std::logic_error("an MPFR number of the oracle is not wide enough");
}

// A result of 53 bits and the ternary value that came with it, as a double: in the range of doubles, subnormals
// rounded from the unrounded result, not again.
double to_double(mpfr_ptr result, int ternary) {
  const mpfr_exp_t least = mpfr_get_emin();
  const mpfr_exp_t most = mpfr_get_emax();
  mpfr_set_emin(-1073);
  mpfr_set_emax(1024);
  ternary = mpfr_check_range(result, ternary, MPFR_RNDN);
  mpfr_subnormalize(result, ternary, MPFR_RNDN);
  mpfr_set_emin(least);
  mpfr_set_emax(most);
  return mpfr_get_d(result, MPFR_RNDN);
}

// count * squares - sum^2: the variance times count^2.
void set_spread(mpfr_ptr spread, std::uint64_t count, const RealSum& sum, const RealSum& squares) {
  Number square;
  exactly(mpfr_mul(square, sum.finite(), sum.finite(), MPFR_RNDN));
  exactly(mpfr_mul_ui(spread, squares.finite(), count, MPFR_RNDN));
  exactly(mpfr_sub(spread, spread, square, MPFR_RNDN));
}

// Sign of (count * middle)^2 - spread, where `middle` lies halfway from `low` to the double above it.
int compare_square(double low, std::uint64_t count, mpfr_ptr spread) {
  Number square(256);
  const double ulp = std::ldexp(1.0, std::max(low > 0 ? std::ilogb(low) : -1074, -1022) - 52);
  exactly(mpfr_set_d(square, ulp, MPFR_RNDN));
  exactly(mpfr_div_2ui(square, square, 1, MPFR_RNDN));
  exactly(mpfr_add_d(square, square, low, MPFR_RNDN));
  exactly(mpfr_mul_ui(square, square, count, MPFR_RNDN));
  exactly(mpfr_sqr(square, square, MPFR_RNDN));
  return mpfr_cmp(square, spread);
}

}  // namespace

RealSum::RealSum() {
  mpfr_init2(total_, width);
  mpfr_init2(term_, 106);
  mpfr_init2(factor_, 53);
  mpfr_set_zero(total_, 1);
}

RealSum::~RealSum() { mpfr_clears(total_, term_, factor_, static_cast<mpfr_ptr>(nullptr)); }

void RealSum::add_special(double term) {
  if (std::isnan(term)) ++uncountables_.nans;
  if (term == infinity) ++uncountables_.plus_infinities;
  if (term == -infinity) ++uncountables_.minus_infinities;
}

void RealSum::add(double term) {
  ++terms_;
  if (!std::isfinite(term)) return add_special(term);
  if (term == 0 && std::signbit(term)) ++negative_zeros_;
  exactly(mpfr_add_d(total_, total_, term, MPFR_RNDN));
}

void RealSum::add(double x, double y) {
  ++terms_;
  if (!std::isfinite(x) || !std::isfinite(y)) return add_special(x * y);
  if ((x == 0 || y == 0) && std::signbit(x) != std::signbit(y)) ++negative_zeros_;
  mpfr_set_d(term_, x, MPFR_RNDN);
  mpfr_set_d(factor_, y, MPFR_RNDN);
  exactly(mpfr_mul(term_, term_, factor_, MPFR_RNDN));
  exactly(mpfr_add(total_, total_, term_, MPFR_RNDN));
}

double RealSum::round() const {
  const auto& [nans, plus, minus] = uncountables_;
  if (nans > 0 || (plus > 0 && minus > 0)) return nan;
  if (plus > 0) return infinity;
  if (minus > 0) return -infinity;
  if (mpfr_zero_p(total_)) return terms_ > 0 && negative_zeros_ == terms_ ? -0.0 : 0.0;
  Number result(53);
  const int ternary = mpfr_set(result, total_, MPFR_RNDN);
  return to_double(result, ternary);
}

bool RealSum::is(std::span<const std::int64_t> limbs, int lowest) const {
  // All but the last are in [0, 2^32).
  mpz_t value;
  mpz_init_set_si(value, limbs.back());
  mpz_mul_2exp(value, value, 32 * (limbs.size() - 1));
  mpz_t others;
  mpz_init(others);
  const std::vector<std::uint32_t> words(limbs.begin(), limbs.end() - 1);
  mpz_import(others, words.size(), -1, sizeof words[0], 0, 0, words.data());
  mpz_add(value, value, others);
  Number number;
  const int ternary = mpfr_set_z_2exp(number, value, lowest, MPFR_RNDN);
  mpz_clears(value, others, static_cast<mpz_ptr>(nullptr));
  return ternary == 0 && mpfr_equal_p(number, total_) != 0;
}

double real_mean(std::uint64_t count, const RealSum& sum) {
  if (count == 0) return nan;
  if (!sum.all_finite() || mpfr_zero_p(sum.finite())) return sum.round();
  Number result(53);
  const int ternary = mpfr_div_ui(result, sum.finite(), count, MPFR_RNDN);
  return to_double(result, ternary);
}

double real_variance(std::uint64_t count, const RealSum& sum, const RealSum& squares) {
  if (count == 0 || !sum.all_finite()) return nan;
  Number spread;
  set_spread(spread, count, sum, squares);
  if (mpfr_zero_p(spread.value)) return 0.0;
  Number result(53);
  const int ternary = mpfr_div_ui(result, spread, count * count, MPFR_RNDN);
  return to_double(result, ternary);
}

bool is_real_deviation(double deviation, std::uint64_t count, const RealSum& sum, const RealSum& squares) {
  if (count == 0 || !sum.all_finite()) {
    return std::bit_cast<std::uint64_t>(deviation) == std::bit_cast<std::uint64_t>(nan);
  }
  // Of finite numbers it is at most half their range: never infinite.
  if (!std::isfinite(deviation) || std::signbit(deviation)) return false;
  Number spread;
  set_spread(spread, count, sum, squares);
  const bool even = std::bit_cast<std::uint64_t>(deviation) % 2 == 0;
  const int above = compare_square(deviation, count, spread);
  if (above < 0 || (above == 0 && !even)) return false;
  if (deviation == 0) return true;
  const int below = compare_square(std::nextafter(deviation, 0), count, spread);
  return below < 0 || (below == 0 && even);
}

}  // namespace concdemo
