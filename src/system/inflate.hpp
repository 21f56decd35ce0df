#pragma once
#include <cstddef>
#include <span>

namespace concdemo {

// What became of a zlib stream (RFC 1950).
enum class InflateOutcome {
  whole,     // its end was reached and its checksum holds
  damaged,   // it is no zlib stream, its checksum is wrong, or it is cut off
  too_long,  // it holds more than there was room for, or is cut off and seems to
};
struct Inflated {
  InflateOutcome outcome;
  std::size_t bytes;  // how many came, where it is whole; else 0, and the room holds anything
};

// Whether this build has libdeflate or zlib.
bool can_inflate();

// Inflates the stream at the beginning of `in` into `out`; bytes behind its end are ignored, as HDF5's filter ignores
// them. Any thread may call it. Only where can_inflate().
Inflated inflate(std::span<const std::byte> in, std::span<std::byte> out);

}  // namespace concdemo
