#include "input/operand.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/tally.hpp"
#include "base/text.hpp"
#include "kernels/fill.hpp"

namespace concdemo {
namespace {

void generate(const Operand& operand, std::uint64_t first, std::span<double> out, int threads) {
  if (operand.fill == Fill::index) {
    fill_index(out, first, threads);
  } else {
    fill_uniform(out, operand.seed, operand.stream, first, threads);
  }
}

}  // namespace

ConvertCounts load(const Operand& operand, Range range, std::span<double> out, std::vector<std::uint8_t>& missing,
                   int threads) {
  missing.clear();
  switch (operand.source) {
    case Operand::Source::values:
      std::copy_n(operand.values.begin() + static_cast<std::ptrdiff_t>(range.begin), range.size(), out.begin());
      return {};
    case Operand::Source::file: {
      hdf5::DatasetReader reader(operand.dataset, operand.buffer_bytes);
      if (operand.dataset.may_miss()) missing.resize(range.size());
      tally::begin(range.size() * static_cast<std::uint64_t>(operand.dataset.format.size), tally::Unit::bytes);
      return reader.read(range, out, missing, threads);
    }
    case Operand::Source::generated: break;
  }
  generate(operand, range.begin, out, threads);
  return {};
}

ConvertCounts load_rectangles(const Operand& operand, const std::vector<Rectangle>& parts, int threads) {
  ConvertCounts counts;
  if (operand.source == Operand::Source::file) {
    hdf5::DatasetReader reader(operand.dataset, operand.buffer_bytes);
    std::uint64_t elements = 0;
    for (const Rectangle& part : parts) elements += part.rows.size() * part.columns.size();
    tally::begin(elements * static_cast<std::uint64_t>(operand.dataset.format.size), tally::Unit::bytes);
    for (const Rectangle& part : parts) {
      counts += reader.read_rectangle(operand.plane, part.rows, part.columns, part.out, threads);
    }
    return counts;
  }
  const std::uint64_t width = operand.shape[1];
  for (const Rectangle& part : parts) {
    const std::uint64_t columns = part.columns.size();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::uint64_t i = part.rows.begin; i < part.rows.end; ++i) {
      const std::span<double> row(part.out + (i - part.rows.begin) * columns, columns);
      const std::uint64_t first = i * width + part.columns.begin;
      if (operand.source == Operand::Source::values) {
        std::copy_n(operand.values.begin() + static_cast<std::ptrdiff_t>(first), columns, row.begin());
      } else {
        generate(operand, first, row, 1);
      }
    }
  }
  return counts;
}

std::string describe(const Operand& operand) {
  switch (operand.source) {
    case Operand::Source::values: return counted(operand.values.size(), "value");
    case Operand::Source::file: {
      std::string plane;
      for (const std::uint64_t index : operand.plane) plane += fmt::format("{},", index);
      return operand.dataset.file + ":" + operand.dataset.path + (plane.empty() ? "" : "[" + plane + ":,:]");
    }
    case Operand::Source::generated: break;
  }
  if (operand.fill == Fill::index) return "index";
  return fmt::format("uniform, seed {}", operand.seed) +
         (operand.stream > 0 ? fmt::format(", stream {}", operand.stream) : "");
}

std::string describe_shape(const Operand& operand) {
  const bool is_list = operand.source == Operand::Source::values && operand.shape.size() == 1;
  return is_list ? "a list of " + describe(operand)
                 : fmt::format("{} is {}", describe(operand), to_text(operand.shape));
}

}  // namespace concdemo
