#include "engine/operand.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/fill.hpp"

namespace concdemo {

LoadCounts load(const Operand& operand, Range range, std::span<double> out, std::vector<std::uint8_t>& missing,
                int threads) {
  missing.clear();
  switch (operand.source) {
    case Operand::Source::values:
      std::copy_n(operand.values.begin() + static_cast<std::ptrdiff_t>(range.begin), range.size(), out.begin());
      return {};
    case Operand::Source::file: {
      hdf5::DatasetReader reader(operand.dataset, operand.buffer_bytes);
      if (!operand.dataset.packing.missing.empty()) missing.resize(range.size());
      const hdf5::ReadCounts counts = reader.read(range, out, missing);
      return {counts.missing, counts.inexact};
    }
    case Operand::Source::generated: break;
  }
  if (operand.fill == Fill::index) {
    fill_index(out, range.begin, threads);
  } else {
    fill_uniform(out, operand.seed, operand.stream, range.begin, threads);
  }
  return {};
}

std::string describe(const Operand& operand) {
  switch (operand.source) {
    case Operand::Source::values: return fmt::format("{} values", operand.values.size());
    case Operand::Source::file: return operand.dataset.file + ":" + operand.dataset.path;
    case Operand::Source::generated: break;
  }
  if (operand.fill == Fill::index) return "index";
  return fmt::format("uniform, seed {}", operand.seed) + (operand.stream > 0 ? fmt::format(", stream {}", operand.stream) : "");
}

}  // namespace concdemo
