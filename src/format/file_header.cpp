#include "format/file_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "format/checksum.hpp"
#include "format/header_copy.hpp"

namespace concdemo {
namespace {

constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

Json to_json(const FileHeader& header) {
  Json attributes = Json::object();
  for (const auto& [name, value] : header.attributes) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) continue;  // JSON has no word for it
    std::visit([&, key = name](const auto& v) { attributes[key] = v; }, value);
  }
  Json datasets = Json::array();
  for (const auto& dataset : header.datasets) {
    datasets.push_back({{"name", dataset.name},
                        {"shape", dataset.shape},
                        {"offset", dataset.data.offset},
                        {"bytes", dataset.data.bytes},
                        {"table_offset", dataset.table.offset},
                        {"table_bytes", dataset.table.bytes},
                        {"table_checksum", hex(dataset.table_checksum)}});
  }
  Json json{{"version", header_copy::format},
            {"header_bytes", header.header_bytes},
            {"file_bytes", header.file_bytes},
            {"metadata_checksum", hex(header.metadata_checksum)},
            {"datasets", datasets},
            {"attributes", attributes}};
  if (header.series) {
    json["series"] = {{"snapshots", header.series->snapshots},
                      {"scalars", header.series->scalars},
                      {"commits_offset", header.series->commits.offset},
                      {"commits_bytes", header.series->commits.bytes}};
  }
  return json;
}

// One line; text that is not UTF-8 is made so.
std::string json_line(const FileHeader& header) {
  return to_json(header).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::uint64_t FileHeader::table_length(std::size_t dataset) const {
  const auto& shape = datasets[dataset].shape;
  if (!has_table(dataset)) return 0;
  if (series && dataset == 0) return shape[0] * block_count(element_count({shape[1], shape[2]}));
  return block_count(element_count(shape));
}

std::string to_text(const FileHeader& header) {
  auto copy = std::string(header_copy::magic) + json_line(header);
  const auto sealed_bytes = static_cast<std::size_t>(header.header_bytes / 2) - header_copy::seal_bytes;
  if (copy.size() >= sealed_bytes) throw system_error("the file header outgrew its block: a bug in this program");
  copy.resize(sealed_bytes - 1, ' ');
  copy += '\n';
  copy += header_copy::seal(copy);
  return copy + copy;
}

std::uint64_t header_bytes_for(FileHeader header) {
  header.header_bytes = header.file_bytes = any_number;
  for (auto& dataset : header.datasets) dataset.data = dataset.table = {any_number, any_number};
  if (header.series) header.series->commits = {any_number, any_number};
  const auto needed = header_copy::magic.size() + json_line(header).size() + 1 + header_copy::seal_bytes;
  const auto copy_bytes = std::max(header_copy::min_bytes, std::bit_ceil(std::uint64_t{needed}));
  if (copy_bytes > header_copy::max_bytes)
    throw usage_error("the attributes of the output file exceed 64 MiB; shorten them");
  return 2 * copy_bytes;
}

std::vector<hdf5::Place> metadata_places(const FileHeader& header) {
  std::vector<hdf5::Place> parts{{0, header.header_bytes}};
  for (const auto& dataset : header.datasets) {
    if (dataset.data.bytes > 0) parts.push_back(dataset.data);
    if (dataset.table.bytes > 0) parts.push_back(dataset.table);
  }
  if (header.series) parts.push_back(header.series->commits);
  parts.push_back({header.file_bytes, 0});
  std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  std::vector<hdf5::Place> gaps;
  std::uint64_t at = 0;
  for (const auto& part : parts) {
    if (part.offset < at || part.bytes > header.file_bytes || part.offset > header.file_bytes - part.bytes) {
      throw Error(ExitCode::verification, "the parts named in the file header overlap or leave the file");
    }
    if (part.offset > at) gaps.push_back({at, part.offset - at});
    at = part.offset + part.bytes;
  }
  return gaps;
}

}  // namespace concdemo
