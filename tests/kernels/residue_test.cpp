#include "kernels/residue.hpp"

#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/exact_product_sum.hpp"
#include "kernels/exact_sum.hpp"
#include "kernels/stats.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/every_target.hpp"

using namespace concdemo;
using namespace concdemo::test;

namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr double infinity = std::numeric_limits<double>::infinity();

// A finite number in units of 2^-1074, by the library's functions of doubles.
Integer integer_of(double x) {
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  const auto significand = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  const int shift = exponent - 53 + 1074;
  return shift >= 0 ? Integer(significand) << shift : Integer(significand >> -shift);
}

std::uint64_t modulo(const Integer& value) {
  Integer rest = value % residue_modulus;
  if (rest < 0) rest += residue_modulus;
  return static_cast<std::uint64_t>(rest);
}

// What is left of numbers, and of big integers in their place.
struct Expected {
  Residues residues;
  Integer value = 0;

  void add(double term, const Integer& exact, bool finite) {
    ++residues.elements;
    if (finite) value += exact;
    else ++(std::isnan(term) ? residues.nans : term > 0 ? residues.plus_infinities : residues.minus_infinities);
    const bool negative_zero = finite && exact == 0 && std::signbit(term);
    if (!negative_zero) residues.not_negative_zeros = 1;
    residues.value = modulo(value);
  }
};

template <class T>
Expected expected_sum(const std::vector<T>& x) {
  Expected expected;
  for (const double value : x) {
    const bool finite = std::isfinite(value);
    expected.add(value, finite ? integer_of(value) : Integer(0), finite);
  }
  return expected;
}
template <class T>
Expected expected_products(const std::vector<T>& x, const std::vector<T>& y) {
  Expected expected;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = x[i], b = y[i];
    const bool finite = std::isfinite(a) && std::isfinite(b);
    expected.add(a * b, finite ? Integer(integer_of(a) * integer_of(b)) : Integer(0), finite);
  }
  return expected;
}

enum class Kind { any_finite, any, alike, zeros, negative_zeros, subnormals };
constexpr Kind kinds[] = {Kind::any_finite,     Kind::any,       Kind::alike, Kind::zeros,
                          Kind::negative_zeros, Kind::subnormals};

template <class T>
std::vector<T> elements(Kind kind, std::size_t n, std::mt19937_64& random) {
  const std::uint64_t rare = random() % 2 == 0 ? 3 : 600;  // NaN and infinities
  using Bits = std::conditional_t<std::is_same_v<T, double>, std::uint64_t, std::uint32_t>;
  constexpr T special[] = {0.0, -0.0, std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(),
                           std::numeric_limits<T>::denorm_min()};
  std::vector<T> x(n);
  for (T& value : x) {
    const T pattern = std::bit_cast<T>(static_cast<Bits>(random()));
    switch (kind) {
      case Kind::any_finite:
      case Kind::any:
        value = random() % 8 == 0 ? special[random() % std::size(special)] : pattern;
        if (kind == Kind::any && random() % rare == 0) {
          const T not_finite[] = {std::numeric_limits<T>::quiet_NaN(), static_cast<T>(infinity),
                                  -static_cast<T>(infinity)};
          value = not_finite[random() % 3];
        } else if (!std::isfinite(value)) {
          value = -1;
        }
        break;
      case Kind::alike: value = static_cast<T>(static_cast<double>(random() % 100000) * 1e-3 - 20); break;
      case Kind::zeros: value = random() % 2 == 0 ? T(0.0) : T(-0.0); break;
      case Kind::negative_zeros: value = T(-0.0); break;
      case Kind::subnormals:
        value = pattern * T(0) == 0
                    ? std::copysign(std::numeric_limits<T>::denorm_min() * static_cast<T>(random() % 4096), pattern)
                    : T(0);
        break;
    }
  }
  return x;
}

template <class T>
std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all;
  for (std::size_t n = 0; n <= 70; ++n) all.push_back(n);
  for (const std::size_t n : {511, 512, 513, 1024, 1500, 4099}) all.push_back(n);
  return all;
}

void check_moments(const MomentResidues& found, const std::vector<double>& x) {
  CHECK(found.sum == expected_sum(x).residues);
  CHECK(found.squares == expected_products(x, x).residues);
  Moments moments;
  moments.add_reference(x);
  CHECK(bits(found.min()) == bits(moments.min));
  CHECK(bits(found.max()) == bits(moments.max));
}

}  // namespace

TEMPLATE_TEST_CASE("residues and counts are those of big integers, on every target", "", double, float) {
  std::mt19937_64 random(17);
  for (const Kind kind : kinds) {
    for (const std::size_t n : sizes<TestType>()) {
      INFO("kind " << static_cast<int>(kind) << ", " << n << " elements");
      const auto x = elements<TestType>(kind, n + 1, random), y = elements<TestType>(kind, n + 1, random);
      // Off a vector's alignment.
      const std::span<const TestType> a = std::span(x).subspan(1), b = std::span(y).subspan(1);
      const std::vector<TestType> left(a.begin(), a.end()), right(b.begin(), b.end());
      const Residues sum = expected_sum(left).residues, products = expected_products(left, right).residues;
      const Residues squares = expected_products(left, left).residues;
      on_every_target([&] {
        Residues found;
        add_residues(found, a);
        CHECK(found == sum);
        found = {};
        add_product_residues(found, a, b);
        CHECK(found == products);
        found = {};
        add_product_residues(found, a, a);
        CHECK(found == squares);
        MomentResidues moments;
        add_moment_residues(moments, a);
        check_moments(moments, std::vector<double>(left.begin(), left.end()));
      });
    }
  }
}

TEST_CASE("residues are those of the exact sums' limbs") {
  std::mt19937_64 random(18);
  for (const Kind kind : kinds) {
    const auto x = elements<double>(kind, 100003, random), y = elements<double>(kind, 100003, random);
    on_every_target([&] {
      ExactSum sum;
      ExactProductSum products, squares;
      sum.add(x);
      products.add(x, y);
      squares.add(x, x);
      sum.normalise();
      products.normalise();
      squares.normalise();
      Residues found;
      add_residues(found, x);
      CHECK(agrees(found, sum));
      found = {};
      add_product_residues(found, std::span<const double>(x), std::span<const double>(y));
      CHECK(agrees(found, products));
      MomentResidues moments;
      add_moment_residues(moments, x);
      CHECK(agrees(moments.sum, sum));
      CHECK(agrees(moments.squares, squares));
      // One bit, one sign, one element.
      if (sum.limbs()[20] != 0) {
        for (const double change : {0x1p-1074, 1.0, 0x1p960, -x[7], -2 * x[7], infinity}) {
          ExactSum wrong = sum;
          wrong.add(change);
          wrong.normalise();
          CHECK(agrees(moments.sum, wrong) == (change == 0));
        }
      }
    });
  }
}

TEST_CASE("residues of 2^20 largest terms overflow nowhere") {
  for (const double value : {std::numeric_limits<double>::max(), -0x1.fffffffffffffp-1, 0x1p61, -0x1p-1074}) {
    const std::vector<double> x(std::size_t{1} << 20, value);
    on_every_target([&] {
      MomentResidues moments;
      add_moment_residues(moments, x);
      CHECK(moments.sum.value == modulo(integer_of(value) << 20));
      CHECK(moments.squares.value == modulo(integer_of(value) * integer_of(value) << 20));
      Residues products;
      add_product_residues(products, std::span(x).first(x.size() - 64), std::span(x).subspan(64));
      CHECK(products.value == modulo(integer_of(value) * integer_of(value) * (x.size() - 64)));
    });
  }
}

TEST_CASE("residues of parts, merged or as words added up, are those of the whole") {
  std::mt19937_64 random(19);
  const auto x = elements<double>(Kind::any, 5000, random);
  MomentResidues whole, merged;
  add_moment_residues(whole, x);
  Residues::Words words{};
  for (std::size_t begin = 0; begin < x.size(); begin += 50) {
    MomentResidues part;
    add_moment_residues(part, std::span(x).subspan(begin, 50));
    merged.merge(part);
    const auto added = part.sum.words();
    for (std::size_t i = 0; i < words.size(); ++i) words[i] += added[i];
  }
  merged.sum.not_negative_zeros = whole.sum.not_negative_zeros;
  merged.squares.not_negative_zeros = whole.squares.not_negative_zeros;
  CHECK(merged.sum == whole.sum);
  CHECK(merged.squares == whole.squares);
  CHECK(merged.least == whole.least);
  CHECK(merged.greatest == whole.greatest);
  Residues sum = Residues::from_words(words);
  CHECK(sum.not_negative_zeros > 0);
  sum.not_negative_zeros = whole.sum.not_negative_zeros;
  CHECK(sum == whole.sum);
}

TEST_CASE("the residue of limbs counts the last one's sign") {
  const std::vector<std::int64_t> limbs{5, 7, -3};
  CHECK(residue_of(limbs) == modulo(Integer(5) + (Integer(7) << 32) - (Integer(3) << 64)));
  CHECK(residue_of(std::vector<std::int64_t>(3, 0)) == 0);
  CHECK(residue_of(std::vector<std::int64_t>{static_cast<std::int64_t>(residue_modulus)}) == 0);
}
