#include "kernels/missing.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/convert.hpp"
#include "kernels/simd.hpp"
#include "support/catch.hpp"
#include "support/convert_cases.hpp"
#include "support/every_target.hpp"

using namespace concdemo;
using namespace convert_cases;

TEST_CASE(
    "on every SIMD target, conversion equals the scalar one in every format, with missing values and a valid range") {
  std::mt19937_64 random(15);
  std::vector<ElementFormat> formats;
  for (const bool big_endian : {false, true}) {
    for (const int size : {1, 2, 4, 8}) {
      formats.push_back({ElementKind::signed_integer, size, big_endian});
      formats.push_back({ElementKind::unsigned_integer, size, big_endian});
    }
    for (const int size : {2, 4, 8, 16}) formats.push_back({ElementKind::floating, size, big_endian});
  }
  constexpr std::size_t n = 1100;
  for (const ElementFormat format : formats) {
    const auto size = static_cast<std::size_t>(format.size);
    std::vector<std::byte> raw(n * size + 1);
    for (std::byte& byte : raw) byte = static_cast<std::byte>(random() % 3 == 0 ? 0 : random());
    for (int round = 0; round < 8; ++round) {
      // Elements of the data themselves, so that they are met.
      const auto some = [&] {
        double value = 0.0;
        convert_to_double(raw.data() + 1 + random() % n * size, format, {}, 1, &value, nullptr);
        return element_bits(value, format).value_or(0);
      };
      Packing packing;
      for (int k = 0; k < round % 4; ++k) packing.missing.push_back(some());
      const bool is_float = format.kind == ElementKind::floating;
      if (is_float && round % 4 != 2) packing.missing.push_back(*element_bits(std::nan(""), format));
      if (round >= 4) packing.valid = ValidRange{some(), some()};
      if (round % 2 == 1) packing.scaled = true, packing.scale = 0.1, packing.offset = -3.0;
      std::vector<double> fast(n);
      std::vector<std::uint8_t> fast_mask(n, 7);
      const Conversion expected = converted_one_by_one(raw.data() + 1, format, packing, n);
      REQUIRE(set_simd_target(simd_targets()[static_cast<std::size_t>(round) % simd_targets().size()]));
      const auto counts = convert_to_double(raw.data() + 1, format, packing, n, fast.data(), fast_mask.data());
      CHECK(counts.missing == expected.counts.missing);
      CHECK(counts.inexact == expected.counts.inexact);
      CHECK(fast_mask == expected.mask);
      for (std::size_t i = 0; i < n; ++i) {
        // The sign and payload of a NaN that is data follow the operands' order, which compilers choose.
        const bool same = bits(fast[i]) == bits(expected.values[i]) ||
                          (fast_mask[i] == 0 && std::isnan(fast[i]) && std::isnan(expected.values[i]));
        if (!same) FAIL("size " << format.size << " round " << round << " element " << i);
      }
    }
  }
  REQUIRE(set_simd_target(simd_targets().front()));
}

TEMPLATE_TEST_CASE("one missing element is found in any place, by any criterion", "", double, float, std::int64_t,
                   std::uint64_t, std::int32_t, std::uint32_t, std::int16_t, std::uint16_t, std::int8_t, std::uint8_t) {
  const auto format = format_of<TestType>(std::endian::native == std::endian::big);
  const auto stored_bits = [&](double value) { return *element_bits(value, format); };
  struct Case {
    Packing packing;
    TestType lone;
  };
  std::vector<Case> cases(3);
  cases[0] = {{}, TestType{7}};
  cases[0].packing.missing = {stored_bits(100), stored_bits(7)};
  cases[1] = {{}, TestType{7}};
  cases[1].packing.valid = ValidRange{stored_bits(8), stored_bits(60)};
  cases[2] = {{}, TestType{61}};
  cases[2].packing.valid = ValidRange{stored_bits(8), stored_bits(60)};
  if constexpr (std::is_floating_point_v<TestType>) {
    cases.push_back({{}, std::numeric_limits<TestType>::quiet_NaN()});
    cases.back().packing.missing = {stored_bits(std::nan(""))};
  }
  test::on_every_target([&] {
    for (const Case& each : cases) {
      for (std::size_t place = 0; place < 200; ++place) {
        std::vector<TestType> values(200, TestType{8});
        values[place] = each.lone;
        const auto result = converted(values, format, each.packing);
        if (result.counts.missing != 1 || result.mask[place] != 1) FAIL("place " << place);
      }
    }
  });
}

TEST_CASE("what lies outside the valid range is missing; its ends and NaN do not") {
  const auto int_format = format_of<std::int16_t>();
  Packing packing;
  packing.valid = ValidRange{*element_bits(std::int64_t{-3}, int_format), *element_bits(std::int64_t{9}, int_format)};
  CHECK(converted<std::int16_t>({-4, -3, 0, 9, 10, -32768}, int_format, packing).mask ==
        std::vector<std::uint8_t>{1, 0, 0, 0, 1, 1});
  const auto float_format = format_of<float>();
  packing.valid = ValidRange{*element_bits(0.0, float_format), *element_bits(1.5, float_format)};
  const auto result = converted<float>({-0.0f, 1.5f, NAN, INFINITY, -1e-40f}, float_format, packing);
  CHECK(result.mask == std::vector<std::uint8_t>{0, 0, 0, 1, 1});
  CHECK(result.counts.missing == 2);
}

TEST_CASE("a 16-byte float is rounded to the nearest float64, counted where it is not one, found where it is beyond") {
  const auto quad = [](std::uint64_t high, std::uint64_t low) { return std::vector<std::uint64_t>{low, high}; };
  std::vector<std::uint64_t> raw;
  const auto put = [&](const std::vector<std::uint64_t>& bits) { raw.insert(raw.end(), bits.begin(), bits.end()); };
  put(quad(0x3fff'0000'0000'0000, std::uint64_t{1} << 59 | 1));  // 1 + 2^-53 + 2^-112: up
  put(quad(0x3fff'0000'0000'0000, std::uint64_t{1} << 59));      // 1 + 2^-53: a tie, to even
  put(quad(0x43fe'ffff'ffff'ffff, 0xf7ff'ffff'ffff'ffff));       // just below 2^1024 - 2^970
  put(quad(0x43fe'ffff'ffff'ffff, 0xf800'0000'0000'0000));       // 2^1024 - 2^970
  const ElementFormat format{ElementKind::floating, 16, std::endian::native == std::endian::big};
  std::vector<double> values(4);
  const auto* bytes = reinterpret_cast<const std::byte*>(raw.data());
  const auto counts = convert_to_double(bytes, format, {}, 4, values.data(), nullptr);
  CHECK(values == std::vector<double>{0x1.0000000000001p0, 1.0, std::numeric_limits<double>::max(), INFINITY});
  CHECK(counts.inexact == 4);
  CHECK(first_out_of_range(bytes, format, {}, 3) == std::nullopt);
  CHECK(first_out_of_range(bytes, format, {}, 4) == 3);
}
