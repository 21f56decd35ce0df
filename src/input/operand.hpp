#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/partition.hpp"
#include "base/shape.hpp"
#include "kernels/convert.hpp"
#include "system/array.hpp"
#include "system/hdf5_read.hpp"

namespace concdemo {

enum class Fill { uniform, index };

// An input array of a workload: generated, given as a list, or a dataset of a file. Every rank holds the same Operand;
// what it holds are descriptions, not the data.
struct Operand {
  enum class Source { generated, values, file };
  Source source = Source::generated;
  Shape shape;
  Fill fill = Fill::uniform;
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;  // tells operands of one seed apart
  std::vector<double> values;
  hdf5::DatasetInfo dataset;
  Shape plane;  // of a file: indices in the dimensions before the last two, where --slice left those alone
  std::uint64_t buffer_bytes = 0;  // bound of a slab when reading a file
};

// Writes the elements of a flat range (C order) to `out`, which has range.size() elements; missing ones become NaN.
// Where the operand can have missing elements, `missing` gets one byte an element, 1 for those; else it is left empty.
ConvertCounts load(const Operand& operand, Range range, std::span<double> out, std::vector<std::uint8_t>& missing,
                   int threads);

// A rectangle of a two-dimensional operand and where its elements go, row after row.
struct Rectangle {
  Range rows;
  Range columns;
  double* out = nullptr;
};

// Missing elements become NaN; they are counted.
ConvertCounts load_rectangles(const Operand& operand, const std::vector<Rectangle>& parts, int threads);

// "uniform, seed 1", "5 values" or "FILE:/dataset".
std::string describe(const Operand& operand);
// For a message on shapes that do not fit: "FILE:/dataset is 2x3", "a list of 5 values".
std::string describe_shape(const Operand& operand);

}  // namespace concdemo
