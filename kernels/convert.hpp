#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace concdemo {

enum class ElementKind { signed_integer, unsigned_integer, floating };

// How one element is stored. Integers of 1, 2, 4, 8 bytes (two's complement); IEEE 754 floats of 2, 4, 8, 16.
struct ElementFormat {
  ElementKind kind = ElementKind::floating;
  int size = 8;  // bytes
  bool big_endian = false;
  bool operator==(const ElementFormat&) const = default;
};

// Both ends belong to it; stored elements as element_bits() gives them.
struct ValidRange {
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;
  bool operator==(const ValidRange&) const = default;
};

// What turns a stored number into a value: CF's scale_factor, add_offset, _FillValue, missing_value and valid_*.
struct Packing {
  bool scaled = false;
  double scale = 1.0;
  double offset = 0.0;
  std::vector<std::uint64_t> missing;  // stored elements that mean "no value", as element_bits() gives them
  std::optional<ValidRange> valid;     // what lies outside is missing too; NaN does not
  bool may_miss() const { return !missing.empty() || valid; }
  bool operator==(const Packing&) const = default;
};

struct ConvertCounts {
  std::uint64_t missing = 0;
  std::uint64_t inexact = 0;  // elements (missing ones apart) that float64 cannot hold; they are rounded to nearest
  void operator+=(const ConvertCounts& other) { missing += other.missing, inexact += other.inexact; }
};

// out[i] = raw[i], or raw[i] * scale + offset (two roundings, no FMA) where packing.scaled, as float64.
// Missing elements are compared as stored, before scaling: equal numbers match (also -0 and +0), and a NaN matches
// every NaN; 16-byte floats are compared when they are rounded to float64. A missing element becomes the canonical NaN
// (0x7ff8000000000000) in out and 1 in missing_mask (n bytes or null), which is 0 elsewhere. Float64 that is neither
// scaled nor missing keeps its bits, those of signalling NaNs too.
// raw: n elements at any alignment; of up to 8 bytes, they may be the last n * format.size bytes of out itself
// (conversion in place).
// Moved per element: format.size bytes read, 8 written. Throws std::invalid_argument when no such format exists.
ConvertCounts convert_to_double(const std::byte* raw, ElementFormat format, const Packing& packing, std::size_t n,
                                double* out, std::uint8_t* missing_mask);

// Whether any element is missing, as convert_to_double finds it.
bool any_missing(std::span<const double> elements, const Packing& packing);
bool any_missing(std::span<const float> elements, const Packing& packing);

// The first element that is finite, not missing, and beyond the range of float64; only 16-byte floats can be.
std::optional<std::size_t> first_out_of_range(const std::byte* raw, ElementFormat format, const Packing& packing,
                                              std::size_t n);

// The bits of `value` as a stored element, in an integer of the host; for a 16-byte float those of the float64 that it
// is rounded to. A float is rounded to the format, to nearest even; nothing where an integer format cannot hold the
// value or a finite value would overflow a float.
std::optional<std::uint64_t> element_bits(double value, ElementFormat format);
std::optional<std::uint64_t> element_bits(std::int64_t value, ElementFormat format);
std::optional<std::uint64_t> element_bits(std::uint64_t value, ElementFormat format);

// Back: the bits that element_bits() gives, as float64 (an integer of 8 bytes rounded to nearest).
double element_value(std::uint64_t bits, ElementFormat format);

}  // namespace concdemo
