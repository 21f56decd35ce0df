#include "output/strided.hpp"

#include <fmt/format.h>

#include <span>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "system/files.hpp"

namespace concdemo {

void read_block(int file, const std::string& path, std::uint64_t offset, std::uint64_t columns, std::uint64_t row,
                std::uint64_t column, const MatrixSpan& block) {
  const bool is_one_run = block.columns == columns && block.stride == columns;
  activity::at("reading " + path);
  const auto count = is_one_run ? block.rows * block.columns : block.columns;
  for (std::size_t i = 0; i < block.rows; i += is_one_run ? block.rows : 1) {
    const std::span<double> run(block.data + i * block.stride, count);
    const auto at = offset + ((row + i) * columns + column) * sizeof(double);
    std::size_t got = 0;
    activity::beat();
    int error = fault::at("read");
    if (error == 0) error = files::read_all(file, std::as_writable_bytes(run), at, got);
    if (error != 0) {
      throw system_error(fmt::format("cannot read {} at byte {}: {}", path, at, files::error_text(error)));
    }
    if (got < run.size_bytes()) throw system_error(fmt::format("{} ends at byte {}", path, at + got));
  }
}

}  // namespace concdemo
