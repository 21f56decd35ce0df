#include "engine/file_header.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string_view>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "engine/checksum.hpp"
#include "engine/commit_entry.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view magic = "concdemo file 1\n";
constexpr std::string_view seal_word = "checksum ";
constexpr std::size_t seal_bytes = seal_word.size() + 16 + 1;  // the last bytes of a copy: word, hex digits, newline
constexpr std::uint64_t min_copy_bytes = 2048;
constexpr std::uint64_t max_copy_bytes = std::uint64_t{1} << 26;
constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

std::uint64_t from_hex(const std::string& text) {
  std::size_t used = 0;
  const auto value = std::stoull(text, &used, 16);
  if (used != text.size()) throw std::invalid_argument(text);
  return value;
}

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
  Json json{{"version", 1},
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

FileHeader from_json(const Json& json) {
  FileHeader header;
  json.at("header_bytes").get_to(header.header_bytes);
  json.at("file_bytes").get_to(header.file_bytes);
  header.metadata_checksum = from_hex(json.at("metadata_checksum"));
  for (const auto& entry : json.at("datasets")) {
    StoredDataset dataset;
    entry.at("name").get_to(dataset.name);
    entry.at("shape").get_to(dataset.shape);
    entry.at("offset").get_to(dataset.data.offset);
    entry.at("bytes").get_to(dataset.data.bytes);
    entry.at("table_offset").get_to(dataset.table.offset);
    entry.at("table_bytes").get_to(dataset.table.bytes);
    dataset.table_checksum = from_hex(entry.at("table_checksum"));
    header.datasets.push_back(std::move(dataset));
  }
  if (json.contains("series")) {
    const auto& entry = json["series"];
    auto& series = header.series.emplace();
    entry.at("snapshots").get_to(series.snapshots);
    entry.at("scalars").get_to(series.scalars);
    entry.at("commits_offset").get_to(series.commits.offset);
    entry.at("commits_bytes").get_to(series.commits.bytes);
  }
  for (const auto& [name, value] : json.at("attributes").items()) {
    if (value.is_string()) header.attributes.emplace_back(name, value.get<std::string>());
    else if (value.is_number_integer()) header.attributes.emplace_back(name, value.get<std::int64_t>());
    else header.attributes.emplace_back(name, value.get<double>());
  }
  return header;
}

// One line; text that is not UTF-8 is made so.
std::string json_line(const FileHeader& header) {
  return to_json(header).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string seal(std::string_view text) {
  return fmt::format("{}{}\n", seal_word, hex(checksum_bytes(0, std::as_bytes(std::span(text)))));
}

bool is_consistent(const FileHeader& header) {
  if (header.series) {
    const auto& [snapshots, scalars, commits] = *header.series;
    if (snapshots == 0 || scalars > max_scalars || header.datasets.size() < 2 + scalars) return false;
    if (commits.bytes / commit_bytes != snapshots + 1 || commits.bytes % commit_bytes != 0) return false;
    for (std::size_t i = 0; i < 2 + scalars; ++i) {
      const auto& shape = header.datasets[i].shape;
      if (shape.size() != (i == 0 ? 3 : 1) || shape[0] != snapshots) return false;
    }
  }
  for (std::size_t i = 0; i < header.datasets.size(); ++i) {
    const auto& dataset = header.datasets[i];
    if (dataset.data.bytes / sizeof(double) != element_count(dataset.shape) ||
        dataset.data.bytes % sizeof(double) != 0 || dataset.table.bytes % sizeof(std::uint64_t) != 0 ||
        dataset.table.bytes / sizeof(std::uint64_t) != header.table_length(i)) {
      return false;
    }
  }
  return true;
}

// A sound copy that fills `text`; none when any byte of it is wrong.
std::optional<FileHeader> parse_copy(std::string_view text) {
  if (!text.starts_with(magic)) return std::nullopt;
  const auto sealed = text.substr(0, text.size() - seal_bytes);
  if (text.substr(sealed.size()) != seal(sealed)) return std::nullopt;
  try {
    auto header = from_json(Json::parse(sealed.substr(magic.size())));
    if (header.header_bytes != 2 * text.size()) return std::nullopt;
    metadata_places(header);
    if (!is_consistent(header)) return std::nullopt;
    return header;
  } catch (const std::exception&) {  // a seal that fits wrong contents: made by hand
    return std::nullopt;
  }
}

}  // namespace

std::uint64_t FileHeader::table_length(std::size_t dataset) const {
  const auto& shape = datasets[dataset].shape;
  if (!series || dataset > 1 + series->scalars) return block_count(element_count(shape));
  return dataset == 0 ? shape[0] * block_count(element_count({shape[1], shape[2]})) : 0;
}

std::string to_text(const FileHeader& header) {
  auto copy = std::string(magic) + json_line(header);
  const auto sealed_bytes = static_cast<std::size_t>(header.header_bytes / 2) - seal_bytes;
  if (copy.size() >= sealed_bytes) throw system_error("the file header outgrew its block: a bug in this program");
  copy.resize(sealed_bytes - 1, ' ');
  copy += '\n';
  copy += seal(copy);
  return copy + copy;
}

std::uint64_t header_bytes_for(FileHeader header) {
  header.header_bytes = header.file_bytes = any_number;
  for (auto& dataset : header.datasets) dataset.data = dataset.table = {any_number, any_number};
  if (header.series) header.series->commits = {any_number, any_number};
  const auto needed = magic.size() + json_line(header).size() + 1 + seal_bytes;
  const auto copy_bytes = std::max(min_copy_bytes, std::bit_ceil(std::uint64_t{needed}));
  if (copy_bytes > max_copy_bytes) throw usage_error("the attributes of the output file exceed 64 MiB; shorten them");
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

HeaderReading read_header_copies(const std::string& path) {
  files::Descriptor file;
  std::uint64_t bytes = 0;
  int error = files::open(path, O_RDONLY | O_NONBLOCK, file);
  if (error == 0) error = files::size_of(file.get(), bytes);
  if (error != 0) throw usage_error(fmt::format("cannot read {}: {}; name a file", path, files::error_text(error)));

  const auto read = [&](std::uint64_t offset, std::uint64_t length) {
    std::string text(static_cast<std::size_t>(length), '\0');
    std::size_t got = 0;
    if (const int failed = files::read_all(file.get(), std::as_writable_bytes(std::span(text)), offset, got)) {
      throw usage_error(fmt::format("cannot read {}: {}", path, files::error_text(failed)));
    }
    text.resize(got);
    return text;
  };
  HeaderReading reading;
  for (auto copy_bytes = min_copy_bytes; copy_bytes <= max_copy_bytes && copy_bytes <= bytes; copy_bytes *= 2) {
    if (read(copy_bytes, magic.size()) != magic && read(0, magic.size()) != magic) continue;
    reading.ours = true;
    const auto front = parse_copy(read(0, copy_bytes));
    const auto back = parse_copy(read(copy_bytes, copy_bytes));
    if (!front && !back) continue;
    if (!front) reading.damage.push_back("header copy 1");
    if (!back) reading.damage.push_back("header copy 2");
    reading.header = front ? front : back;
    if (front && back && json_line(*front) != json_line(*back)) reading.damage.push_back("header copies differ");
    return reading;
  }
  if (read(0, magic.size()) == magic) reading.ours = true;
  if (reading.ours) reading.damage = {"header copy 1", "header copy 2"};
  return reading;
}

std::optional<FileHeader> read_header(const std::string& path) {
  try {
    return read_header_copies(path).header;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace concdemo
