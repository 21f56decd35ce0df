#include "kernels/convert.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#include "kernels/missing.hpp"
#include "kernels/stored_element.hpp"

namespace concdemo {

namespace {

constexpr std::size_t block_elements = 512;  // every pass over a block stays in the first cache level

template <class Value>
bool same_number(Value a, Value b) {
  return (a == b) | ((a != a) & (b != b));
}

// What Packing calls missing, in the numbers of the stored type.
template <class Stored>
class Missing {
 public:
  using Value = typename Element<Stored>::Value;

  explicit Missing(const Packing& packing) : possible_(packing.may_miss()), limited_(packing.valid.has_value()) {
    for (const std::uint64_t bits : packing.missing) values_.push_back(packed_value<Stored>(bits));
    if (!limited_) return;
    range_ = {packed_value<Stored>(packing.valid->lowest), packed_value<Stored>(packing.valid->highest)};
  }
  bool possible() const { return possible_; }

  bool is(Value element) const {
    if (limited_ && (element < range_[0] || element > range_[1])) return true;
    return std::any_of(values_.begin(), values_.end(), [&](Value each) { return same_number(element, each); });
  }

  bool any(const Value* elements, std::size_t n) const {
    const std::span<const Value> range = limited_ ? std::span<const Value>(range_) : std::span<const Value>();
    return any_missing<Value>(elements, n, values_, range);
  }

  // Sets the mask, of zeros, to 1 where is() holds.
  void mark(const Value* elements, std::size_t n, std::uint8_t* mask) const {
    for (const Value each : values_) {
      for (std::size_t i = 0; i < n; ++i) mask[i] |= static_cast<std::uint8_t>(same_number(elements[i], each));
    }
    if (!limited_) return;
    const auto [lowest, highest] = range_;
    for (std::size_t i = 0; i < n; ++i) {
      mask[i] |= static_cast<std::uint8_t>((elements[i] < lowest) | (elements[i] > highest));
    }
  }

 private:
  bool possible_;
  bool limited_;
  std::array<Value, 2> range_{};
  std::vector<Value> values_;
};

template <class Stored>
ConvertCounts convert(const std::byte* raw, bool swap, const Packing& packing, std::size_t n, double* out,
                      std::uint8_t* missing_mask) {
  using Bits = typename Element<Stored>::Bits;
  using Value = typename Element<Stored>::Value;
  const Missing<Stored> criteria(packing);
  ConvertCounts counts;
  Bits bits[block_elements];
  Value values[block_elements];
  std::uint8_t missing[block_elements] = {};
  bool some_missing = false;
  for (std::size_t begin = 0; begin < n; begin += block_elements) {
    const std::size_t count = std::min(block_elements, n - begin);
    std::memcpy(bits, raw + begin * sizeof(Bits), count * sizeof(Bits));
    if (swap) {
      for (std::size_t i = 0; i < count; ++i) bits[i] = byte_swapped(bits[i]);
    }
    for (std::size_t i = 0; i < count; ++i) values[i] = Element<Stored>::value(bits[i]);
    // In most blocks none is: they need no mask.
    if (some_missing) std::fill_n(missing, block_elements, std::uint8_t{0});
    some_missing = criteria.possible() && criteria.any(values, count);
    if (some_missing) criteria.mark(values, count, missing);
    if (may_be_inexact<Stored>(bits, count)) {
      for (std::size_t i = 0; i < count; ++i) {
        if (!is_exact<Stored>(bits[i]) && missing[i] == 0) ++counts.inexact;
      }
    }
    double* block = out + begin;
    for (std::size_t i = 0; i < count; ++i) block[i] = static_cast<double>(values[i]);
    if (packing.scaled) {
      for (std::size_t i = 0; i < count; ++i) block[i] = block[i] * packing.scale + packing.offset;
    }
    if (some_missing) {
      constexpr double nan = std::numeric_limits<double>::quiet_NaN();
      std::uint32_t found = 0;
      for (std::size_t i = 0; i < count; ++i) found += missing[i];
      for (std::size_t i = 0; i < count; ++i) block[i] = missing[i] != 0 ? nan : block[i];
      counts.missing += found;
    }
    if (missing_mask != nullptr) std::memcpy(missing_mask + begin, missing, count);
  }
  return counts;
}

}  // namespace

bool any_missing(std::span<const double> elements, const Packing& packing) {
  return Missing<double>(packing).any(elements.data(), elements.size());
}

bool any_missing(std::span<const float> elements, const Packing& packing) {
  return Missing<float>(packing).any(elements.data(), elements.size());
}

ConvertCounts convert_to_double(const std::byte* raw, ElementFormat format, const Packing& packing, std::size_t n,
                                double* out, std::uint8_t* missing_mask) {
  return with_type(format, [&]<class Stored>(Stored) {
    return convert<Stored>(raw, swapped(format), packing, n, out, missing_mask);
  });
}

std::optional<std::size_t> first_out_of_range(const std::byte* raw, ElementFormat format, const Packing& packing,
                                              std::size_t n) {
  if (format.kind != ElementKind::floating || format.size != 16) return std::nullopt;
  const Missing<Quad> criteria(packing);
  for (std::size_t i = 0; i < n; ++i) {
    const RoundedQuad found = Element<Quad>::rounded_value(element_at<Quad>(raw, i, swapped(format)));
    if (found.is_finite && std::isinf(found.value) && !criteria.is(found.value)) return i;
  }
  return std::nullopt;
}

}  // namespace concdemo
