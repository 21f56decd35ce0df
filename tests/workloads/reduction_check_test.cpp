#include "workloads/reduction_check.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "workloads/exact_moments.hpp"
#include "workloads/rounding_check.hpp"

using namespace concdemo;

namespace {

// Terms of many sizes and both signs, subnormal ones among them.
std::vector<double> terms(std::uint64_t seed) {
  std::vector<double> x;
  for (int i = 0; i < 1000; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    x.push_back(std::ldexp(static_cast<double>(static_cast<std::int64_t>(seed >> 11)) - 0x1p52,
                           static_cast<int>(seed % 1900) - 1126));
  }
  return x;
}

template <class State, class T>
State with_limb_changed(const State& state, std::size_t limb, T change) {
  auto bytes = state.save();
  bytes[8 * (limb + 1)] ^= static_cast<std::byte>(change);
  State other;
  other.load(bytes);
  return other;
}

struct Sums {
  std::vector<double> x = terms(1);
  Residues check;
  ExactSum state;
  Seen seen{1007, 7, 7};
  double value = 0;
  Sums() {
    add_residues(check, x);
    restate();
  }
  void restate() {
    state = {};
    state.add(std::span<const double>(x));
    value = state.round();
  }
  std::string found() const { return disagreement(check, seen, state, value); }
};

struct Products {
  std::vector<double> x = terms(2), y = terms(3);
  Residues check;
  ExactProductSum state;
  Seen seen{1000, 0, 0};
  double value = 0;
  Products() {
    add_product_residues(check, x, y);
    restate();
  }
  void restate() {
    state = {};
    state.add(std::span<const double>(x), std::span<const double>(y));
    value = state.round();
  }
  std::string found() const { return disagreement(check, seen, state, value); }
};

struct Statistics {
  std::vector<double> x = terms(4);
  MomentResidues check;
  Moments state;
  Seen seen{1000, 0, 0};
  Statistics() {
    add_moment_residues(check, x);
    restate();
  }
  void restate() {
    state = {};
    state.add(std::span<const double>(x));
  }
  std::string found() const { return disagreement(check, seen, state); }
};

template <class Case>
void require_noticed(const char* fault, const std::function<void(Case&)>& plant) {
  Case sound;
  REQUIRE(sound.found() == "");
  Case faulty;
  plant(faulty);
  INFO(fault);
  CHECK(faulty.found() != "");
}

double next_to(double x) { return std::nextafter(x, std::numeric_limits<double>::infinity()); }

}  // namespace

TEST_CASE("planted faults of sums are noticed") {
  const auto noticed = require_noticed<Sums>;
  noticed("a lost block", [](Sums& c) { c.x.resize(900), c.restate(); });
  noticed("a block twice", [](Sums& c) { c.x.insert(c.x.end(), c.x.begin(), c.x.begin() + 100), c.restate(); });
  noticed("a block in place of another",
          [](Sums& c) { std::copy_n(c.x.begin(), 100, c.x.begin() + 100), c.restate(); });
  noticed("an element off by an ulp", [](Sums& c) { c.x[500] = next_to(c.x[500]), c.restate(); });
  noticed("a wrong sign", [](Sums& c) { c.x[7] = -c.x[7], c.restate(); });
  noticed("an exponent off by one", [](Sums& c) { c.x[9] *= 2, c.restate(); });
  noticed("a subnormal number for zero", [](Sums& c) {
    c.x.push_back(0x1p-1074), add_residues(c.check, std::span<const double>(c.x).last(1)), ++c.seen.n;
    c.x.back() = 0, c.restate();
  });
  noticed("a lost carry", [](Sums& c) { c.state = with_limb_changed(c.state, 40, 1), c.value = c.state.round(); });
  noticed("the part of a rank", [](Sums& c) {
    ExactSum part;
    part.add(std::span<const double>(c.x).first(250));
    c.state = part, c.value = c.state.round();
  });
  noticed("a missing value taken in", [](Sums& c) { c.x.push_back(-9999), c.restate(); });
  noticed("a missing value taken in that is 0", [](Sums& c) { c.seen.missing = 6; });
  noticed("a block that nobody saw", [](Sums& c) { c.seen.n = 1107; });
  noticed("a lost NaN", [](Sums& c) { ++c.check.nans; });
  noticed("an infinity of the other sign", [](Sums& c) { ++c.check.plus_infinities, c.state.add(-HUGE_VAL); });
  noticed("a wrong rounding up", [](Sums& c) { c.value = next_to(c.value); });
  noticed("a wrong rounding down", [](Sums& c) { c.value = -next_to(-c.value); });
  noticed("a zero of the wrong sign", [](Sums& c) {
    c.x = {-0.0, -0.0}, c.check = {}, c.seen = {2, 0, 0};
    add_residues(c.check, c.x), c.restate(), c.value = 0.0;
  });
}

TEST_CASE("planted faults of products and statistics are noticed") {
  const auto noticed = require_noticed<Products>;
  noticed("neighbours of y exchanged", [](Products& c) { std::swap(c.y[3], c.y[4]), c.restate(); });
  noticed("squares for products", [](Products& c) { c.y = c.x, c.restate(); });
  noticed("a lost product", [](Products& c) { c.x[5] = 0, c.restate(); });
  noticed("a factor off by an ulp", [](Products& c) { c.y[999] = next_to(c.y[999]), c.restate(); });
  noticed("a lost carry", [](Products& c) { c.state = with_limb_changed(c.state, 70, 2), c.value = c.state.round(); });
  const auto seen = require_noticed<Statistics>;
  seen("a minimum", [](Statistics& c) { c.state.min = next_to(c.state.min); });
  seen("a maximum", [](Statistics& c) { c.state.max = -c.state.max; });
  seen("a count", [](Statistics& c) { --c.state.count; });
  seen("squares of another element", [](Statistics& c) { c.state.squares.add(0x1p-500, 0x1p-500); });
  seen("a lost block", [](Statistics& c) { c.x.resize(999), c.restate(); });
}
