#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace concdemo {

enum class ElementKind { signed_integer, unsigned_integer, floating };

// How one element is stored. Integers of 1, 2, 4, 8 bytes (two's complement); IEEE 754 floats of 2, 4, 8.
struct ElementFormat {
  ElementKind kind = ElementKind::floating;
  int size = 8;  // bytes
  bool big_endian = false;
  bool operator==(const ElementFormat&) const = default;
};

// What turns a stored number into a value: CF's scale_factor, add_offset, _FillValue and missing_value.
struct Packing {
  bool scaled = false;
  double scale = 1.0;
  double offset = 0.0;
  std::vector<std::uint64_t> missing;  // stored elements that mean "no value", as element_bits() gives them
  bool operator==(const Packing&) const = default;
};

struct ConvertCounts {
  std::uint64_t missing = 0;
  std::uint64_t inexact = 0;  // integers (missing ones apart) that float64 cannot hold; they are rounded to nearest
};

// out[i] = raw[i], or raw[i] * scale + offset (two roundings, no FMA) where packing.scaled, as float64.
// Missing elements are compared as stored, before scaling: equal numbers match (also -0 and +0), and a NaN matches
// every NaN. A missing element becomes the canonical NaN (0x7ff8000000000000) in out and 1 in missing_mask (n bytes or
// null), which is 0 elsewhere. Float64 that is neither scaled nor missing keeps its bits, those of signalling NaNs too.
// raw: n elements at any alignment; it may be the last n * format.size bytes of out itself (conversion in place).
// Moved per element: format.size bytes read, 8 written. Throws std::invalid_argument when no such format exists.
ConvertCounts convert_to_double(const std::byte* raw, ElementFormat format, const Packing& packing, std::size_t n,
                                double* out, std::uint8_t* missing_mask);

// The bits of `value` as a stored element, in an integer of the host. A float is rounded to the format, to nearest
// even; nothing where an integer format cannot hold the value or a finite value would overflow a float.
std::optional<std::uint64_t> element_bits(double value, ElementFormat format);
std::optional<std::uint64_t> element_bits(std::int64_t value, ElementFormat format);
std::optional<std::uint64_t> element_bits(std::uint64_t value, ElementFormat format);

}  // namespace concdemo
