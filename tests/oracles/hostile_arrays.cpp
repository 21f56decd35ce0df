#include "oracles/hostile_arrays.hpp"

#include "oracles/hostile_random.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace concdemo {
namespace {

using Array = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double least = std::numeric_limits<double>::denorm_min();

// One element after another.
template <class Make>
Array each(std::size_t n, Make make) {
  Array x(n);
  for (double& value : x) value = make();
  return x;
}

// ---- one function a kind; n may be 0

// clang-format off
Array any_bits(Random& r, std::size_t n) { return each(n, [&] { return r.any(); }); }
Array any_finite(Random& r, std::size_t n) { return each(n, [&] { return r.finite(); }); }
Array equal(Random& r, std::size_t n) { return Array(n, r.finite()); }
Array integers(Random& r, std::size_t n) { return each(n, [&] { return double(r.between(-10, 10)); }); }
// clang-format on

// From somewhere on a little larger, perhaps: what fits the anchors of a block may not fit those of the next.
Array uniform(Random& r, std::size_t n) {
  Array x = each(n, [&] { return r.unit(); });
  const double factor = std::ldexp(1.0, r.between(0, 7));
  for (std::size_t i = n / 4 + r.below(n / 2 + 1); i < n; ++i) x[i] *= factor;
  return x;
}

Array binades(Random& r, std::size_t n) {
  // Around what 3 and 4 pieces, and 2, 3 and 6 levels of running sums cover, with 4 and 8 lanes.
  const int wide = static_cast<int>(r.of({60, 75, 79, 81, 83, 90, 120, 170, 210, 300, 600}));
  const int width = r.once_in(3) ? wide : r.between(0, 45);
  const int low = r.once_in(2) ? r.between(-1074, 1020) : r.once_in(2) ? r.between(-500, -390) : r.between(430, 485);
  return each(n, [&] { return r.scaled(low, low + width); });
}

Array cancelling(Random& r, std::size_t n) {
  Array x = each(n / 2, [&] { return r.finite(); });
  x.resize(2 * x.size());
  for (std::size_t i = 0; i < x.size() / 2; ++i) x[x.size() / 2 + i] = -x[i];
  if (!x.empty() && r.once_in(2)) x.back() = std::nextafter(x.back(), 0);
  if (n % 2 == 1) x.push_back(r.scaled(-1074, -900));
  std::shuffle(x.begin(), x.end(), r.engine);
  return x;
}

// Large terms, then terms that cancel what doubles have made of the sum so far: a condition number of up to 2^2000.
Array ill_conditioned(Random& r, std::size_t n) {
  const int range = r.between(10, 1000);
  double sum = 0;
  Array x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double left = static_cast<double>(n - i) / static_cast<double>(n);
    x[i] = i < n / 2 ? r.scaled(-range, range) : r.scaled(-range, static_cast<int>(2 * left * range) - range) - sum;
    if (!std::isfinite(x[i])) x[i] = 1;
    sum += x[i];
  }
  return x;
}

Array subnormal(Random& r, std::size_t n) {
  const std::uint64_t mask = (std::uint64_t{1} << r.between(1, 53)) - 1;  // 53 bits: some are just normal
  return each(n, [&] { return r.sign() * std::bit_cast<double>(r.bits() & mask); });
}

Array zeros(Random& r, std::size_t n) {
  Array x(n, -0.0);
  if (n > 0 && r.once_in(2)) x[r.below(n)] = r.of({0.0, least, -least});
  if (r.once_in(2)) return x;
  for (double& value : x) value *= r.sign();
  return x;
}

Array sparse(Random& r, std::size_t n) {
  const bool one_sign = r.once_in(2);
  const double sign = r.sign();
  const std::size_t rarity = 1 + r.below(400);
  return each(n, [&] {
    if (!r.once_in(20)) return r.once_in(rarity) ? -0.0 : 0.0;
    const double value = r.scaled(-30, 30);
    return one_sign ? std::copysign(value, sign) : value;
  });
}

Array special(Random& r, std::size_t n) {
  const double payload = std::bit_cast<double>(std::uint64_t{0xfff0000000000001} | r.bits() >> 13);
  const double one = r.of({nan, payload, infinity, -infinity});
  const double other = r.of({one, one, infinity, -infinity, -0.0, largest, -largest});
  const std::size_t rarity = 1 + r.below(200);
  return each(n, [&] { return r.once_in(rarity) ? r.of({one, other}) : r.scaled(-3, 3); });
}

Array near_overflow(Random& r, std::size_t n) {
  const std::uint64_t mask = (std::uint64_t{1} << r.between(1, 54)) - 1;
  const std::size_t rarity = 1 + r.below(3);
  return each(n, [&] {
    const double sign = r.once_in(rarity) ? r.sign() : 1;
    return sign * std::bit_cast<double>(std::bit_cast<std::uint64_t>(largest) - (r.bits() & mask));
  });
}

Array outlier(Random& r, std::size_t n) {
  const int scale = r.between(-1050, 10);
  Array x = each(n, [&] { return r.scaled(scale - 5, scale); });
  for (int i = r.between(1, 2); i > 0 && n > 0; --i) {
    // At the edge of a block now and then.
    std::size_t place = r.below(n);
    if (r.once_in(2)) place = std::min(place / 4096 * 4096 + r.below(3) * 4095 / 2, n - 1);
    x[place] = r.of({1e300, -largest, largest, 1e-300, least, 0x1p900, 1e30, -1e-30, -0.0, infinity, 0x1p-1022});
  }
  return x;
}

// A power of two, or its neighbour, and terms that put the sum on a tie, or off it by the least there is.
Array ties(Random& r, std::size_t n) {
  const int exponent = r.between(-1021, 1023);
  const double base = r.sign() * std::ldexp(r.of({1, 1 + 0x1p-52, 2 - 0x1p-52, 1.5}), exponent);
  const double half = std::ldexp(r.sign(), std::max(exponent - 53, -1074));
  Array x(n, 0.0);
  const auto put = [&](double value) {
    if (n > 0) x[r.below(n)] = value;
  };
  const bool split = r.once_in(2);
  for (int i = split ? 2 : 1; i > 0; --i) put(split ? half / 2 : half);
  if (!r.once_in(3)) put(r.sign() * std::max(r.of({least, least, std::abs(half) * 0x1p-50, 0x1p-1022}), least));
  put(base);
  if (r.once_in(2)) return x;
  const double noise = r.finite();  // and its opposite
  put(noise), put(-noise);
  return x;
}

Array alternating(Random& r, std::size_t n) {
  double size = std::abs(r.finite());
  const bool drift = r.once_in(2);
  double sign = r.sign();
  return each(n, [&] {
    sign = -sign;
    if (drift && sign > 0) size = std::nextafter(size, 0);
    return sign * size;
  });
}

// Runs of one scale after another: anchors that fit one do not fit the next.
Array stepping(Random& r, std::size_t n) {
  Array x;
  for (int low = r.between(-1074, 990); x.size() < n;) {
    low = r.once_in(2) ? r.between(-1074, 990) : std::clamp(low + r.between(-3, 3), -1074, 990);
    const auto run = static_cast<std::size_t>(r.of({3, 64, 500, 4096}));
    for (std::size_t i = 0; i < run; ++i) x.push_back(r.scaled(low, low + 30));
  }
  x.resize(n);
  return x;
}

// Squares and products whose error terms, or all of them, fall below the subnormals.
Array small_products(Random& r, std::size_t n) {
  const double one = r.of({1.0, 0x1p-27, 1 + 0x1p-52, 0x1p-480});
  const double other = r.of({0x1p-480, 0x1p-481, 0x1p-537, 0x1p-538, 1e-200, 1e-160, 1e-154, least});
  const std::size_t rarity = 1 + r.below(100);
  return each(n, [&] {
    return r.once_in(rarity) ? r.sign() * other * r.of({1, 1, 1 + 0x1p-52}) : r.of({one, 0, one});
  });
}

// Squares around the least whose error term is certain to be a double, and around the largest double.
Array edge_products(Random& r, std::size_t n) {
  const int middle = static_cast<int>(r.of({-480, -487, -511, -537, 498, 511}));
  const int spread = r.between(0, 30);
  return each(n, [&] { return r.scaled(middle - spread, middle + spread); });
}

// Half of them one value, half another, half an ulp of the first from zero: the deviation is a tie, or off it by what
// one element is off.
Array deviation_ties(Random& r, std::size_t n) {
  const int exponent = r.between(-1020, 1020);
  const double one = std::ldexp(r.of({1, 1 + 0x1p-52, 1 + r.unit()}), exponent);
  const double other = r.sign() * std::max(std::ldexp(1.0, exponent - 53), least);
  Array x(n, one);
  for (std::size_t i = 0; i < n / 2; ++i) x[2 * i] = other;
  if (n > 0 && !r.once_in(3)) {
    double& odd = x[r.below(n)];
    odd = std::nextafter(odd, r.sign() * infinity);
  }
  return x;
}

struct Kind {
  std::string_view name;
  Array (*make)(Random&, std::size_t);
};
// clang-format off
constexpr Kind kinds[] = {
    {"any bits", any_bits}, {"any finite", any_finite}, {"uniform", uniform}, {"equal", equal}, {"integers", integers},
    {"binades", binades}, {"cancelling", cancelling}, {"ill-conditioned", ill_conditioned}, {"subnormal", subnormal},
    {"zeros", zeros}, {"sparse", sparse}, {"special", special}, {"near overflow", near_overflow}, {"outlier", outlier},
    {"ties", ties}, {"alternating", alternating}, {"stepping", stepping}, {"small products", small_products},
    {"edge products", edge_products}, {"deviation ties", deviation_ties},
};
// clang-format on
// clang-format on

std::size_t random_size(Random& r) {
  const std::size_t kind = r.below(100);
  if (kind < 40) return r.below(301);
  if (kind < 90) return 240 + r.below(500);  // from 256 on it is vectors
  const std::size_t edge = kind < 97 ? 4096 : kind < 99 ? 8192 : 32768;
  return edge - 20 + r.below(41);
}

// Second factors for x, which may be changed to fit.
Array second_factors(Random& r, Array& x, const Kind& kind) {
  const std::size_t n = x.size();
  const std::size_t way = r.below(11);
  if (way < 3) return kind.make(r, n);
  if (way < 6) return kinds[r.below(std::size(kinds))].make(r, n);
  Array y = each(n, [&] { return r.finite(); });
  if (way < 8) {  // products that cancel: half of them once more with the other sign
    for (std::size_t i = 0; i < n / 2; ++i) {
      x[n / 2 + i] = x[i];
      y[n / 2 + i] = -y[i];
    }
    return y;
  }
  if (way == 10) {  // a few products that add up to something about the least normal double, with bits below the least
    std::fill(x.begin(), x.end(), 0x1p-537);
    std::fill(y.begin(), y.end(), r.sign() * 0);
    for (int i = r.between(1, 3); i > 0 && n > 0; --i) {
      y[r.below(n)] = r.sign() * (std::ldexp(1.0, -485 - r.between(0, 6)) + std::ldexp(r.between(0, 64), -540));
    }
    return y;
  }
  // Products of one size, whatever their factors.
  const int exponent = r.between(-1100, 1020);
  for (std::size_t i = 0; i < n; ++i) {
    const bool usable = std::isfinite(x[i]) && x[i] != 0;
    y[i] = usable ? r.scaled(exponent, exponent + 3) / x[i] : r.scaled(0, 3);
    if (!std::isfinite(y[i])) y[i] = r.scaled(-5, 5);
  }
  return y;
}

// Moves x in its storage and gives where it now begins: at most 8 elements past a multiple of 64 bytes.
std::size_t shift(Random& r, Array& x) {
  const std::size_t n = x.size();
  x.resize(n + 16);
  const std::size_t to_line = (64 - reinterpret_cast<std::uintptr_t>(x.data()) % 64) / sizeof(double) % 8;
  const std::size_t begin = to_line + (r.once_in(2) ? 0 : r.below(9));
  std::move_backward(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n),
                     x.begin() + static_cast<std::ptrdiff_t>(n + begin));
  return begin;
}

}  // namespace

HostileArrays make_hostile_arrays(std::uint64_t seed, std::uint64_t index) {
  std::seed_seq mix{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                    static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32)};
  Random r{std::mt19937_64(mix)};
  const Kind& kind = kinds[r.below(std::size(kinds))];
  const std::size_t n = random_size(r);
  Array x = kind.make(r, n);
  Array y = second_factors(r, x, kind);
  const std::size_t x_begin = shift(r, x);
  const std::size_t y_begin = shift(r, y);
  return {kind.name, n, x_begin, y_begin, std::move(x), std::move(y)};
}

std::vector<float> narrowed(std::span<const double> x) {
  double size = 0;
  for (const double value : x) {
    if (std::isfinite(value)) size = std::max(size, std::abs(value));
  }
  const int exponent = size > 0 ? std::min(0, 126 - std::ilogb(size)) : 0;
  std::vector<float> result;
  for (const double value : x) result.push_back(static_cast<float>(std::ldexp(value, exponent)));
  return result;
}

}  // namespace concdemo
