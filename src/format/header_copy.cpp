#include "format/header_copy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>

#include "base/error.hpp"
#include "base/json.hpp"
#include "format/checksum.hpp"
#include "format/commit_entry.hpp"

namespace concdemo::header_copy {
namespace {

constexpr std::string_view magic_word = "concdemo file ";
constexpr int max_depth = 4;                // an extent, in a shape, in a dataset, in the list of them, in the header
constexpr std::size_t max_steps = 1 << 14;  // of the parser: values and keys; a file of 48 scalars has some 1200

// What was sealed and yet cannot be.
[[noreturn]] void reject(const std::string& what) { throw std::invalid_argument(what); }

// A line of hostile JSON takes 100 times its length as values, and a list of keys the square of it as time.
Json parse_line(std::string_view text) {
  std::size_t steps = 0;
  return Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth || ++steps > max_steps) reject("more values than a header has");
    return true;
  });
}

const Json& member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) reject(fmt::format("{} is missing", name));
  return *found;
}

std::uint64_t count(const Json& value, const char* name) {
  if (!value.is_number_unsigned()) reject(fmt::format("{} is no count", name));
  return value.get<std::uint64_t>();
}

std::uint64_t count_in(const Json& object, const char* name) { return count(member(object, name), name); }

std::string text_in(const Json& object, const char* name) {
  const auto& value = member(object, name);
  if (!value.is_string()) reject(fmt::format("{} is no text", name));
  return value.get<std::string>();
}

std::uint64_t checksum_in(const Json& object, const char* name) {
  const auto text = text_in(object, name);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) reject(fmt::format("{} is no checksum", name));
  return value;
}

hdf5::Place place_in(const Json& object, const std::string& prefix = "") {
  return {count_in(object, (prefix + "offset").c_str()), count_in(object, (prefix + "bytes").c_str())};
}

// It is told in messages, a line each.
void require_name(const std::string& name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > 255 || std::any_of(name.begin(), name.end(), is_control)) {
    reject("a dataset has no name that can be told");
  }
}

StoredDataset dataset_from(const Json& json) {
  StoredDataset dataset;
  dataset.name = text_in(json, "name");
  require_name(dataset.name);
  for (const auto& extent : member(json, "shape")) dataset.shape.push_back(count(extent, "an extent"));
  dataset.data = place_in(json);
  dataset.table = place_in(json, "table_");
  dataset.table_checksum = checksum_in(json, "table_checksum");
  return dataset;
}

AttributeValue attribute_from(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<double>();
  reject("an attribute is neither text nor a number");
}

FileHeader header_from(const Json& json) {
  FileHeader header;
  header.header_bytes = count_in(json, "header_bytes");
  header.file_bytes = count_in(json, "file_bytes");
  header.metadata_checksum = checksum_in(json, "metadata_checksum");
  for (const auto& entry : member(json, "datasets")) header.datasets.push_back(dataset_from(entry));
  if (json.contains("series")) {
    const auto& entry = json["series"];
    header.series = {count_in(entry, "snapshots"), count_in(entry, "scalars"), place_in(entry, "commits_")};
  }
  for (const auto& [name, value] : member(json, "attributes").items()) {
    header.attributes.emplace_back(name, attribute_from(value));
  }
  return header;
}

void require_series(const FileHeader& header) {
  const auto& [snapshots, scalars, commits] = *header.series;
  if (snapshots == 0) reject("there are no snapshots");
  if (scalars > max_scalars) reject(fmt::format("{} scalars are too many", scalars));
  const auto& datasets = header.datasets;
  if (datasets.size() != 4 + scalars) reject("it has not the datasets of a series");
  if (commits.bytes % commit_bytes != 0 || commits.bytes / commit_bytes - 1 != snapshots) {
    reject(fmt::format("{} snapshots have {} bytes of commit entries", snapshots, commits.bytes));
  }
  for (std::size_t i = 0; i < 2 + scalars; ++i) {
    const auto& [name, shape, data, table, checksum] = datasets[i];
    if (shape.size() != (i == 0 ? 3 : 1) || shape[0] != snapshots || data.bytes == 0) {
      reject(fmt::format("/{} does not hold {} snapshots", name, snapshots));
    }
    if (checksum != 0) reject(fmt::format("/{} has a checksum, which are the commit entries' matter", name));
  }
  const auto& shape = datasets[0].shape;
  if (datasets[2 + scalars].shape != Shape{shape[1]} || datasets[3 + scalars].shape != Shape{shape[2]}) {
    reject("its axes have another size");
  }
}

void require_sizes(const FileHeader& header) {
  constexpr auto word = sizeof(std::uint64_t);
  for (std::size_t i = 0; i < header.datasets.size(); ++i) {
    const auto& [name, shape, data, table, checksum] = header.datasets[i];
    if (data.bytes % word != 0 || data.bytes / word != element_count(shape)) {
      reject(fmt::format("/{} has {} bytes, its shape others", name, data.bytes));
    }
    if (table.bytes % word != 0 || table.bytes / word != header.table_length(i)) {
      reject(fmt::format("/{} has a checksum table of {} bytes", name, table.bytes));
    }
    if ((data.bytes == 0 && data.offset != 0) || (table.bytes == 0 && table.offset != 0)) {
      reject(fmt::format("/{} has nothing, and a place for it", name));
    }
  }
}

// HDF5's metadata are read whole. They hold the attributes, which stand in the header too, and a little for each
// dataset.
void require_little_metadata(const FileHeader& header) {
  const auto most = 8 * header.header_bytes + (header.datasets.size() << 20);
  std::uint64_t bytes = 0;
  for (const auto& gap : metadata_places(header)) bytes += gap.bytes;
  if (bytes > most) reject(fmt::format("{} bytes of metadata are too many", bytes));
}

}  // namespace

std::string seal(std::string_view text) {
  return fmt::format("{}{:016x}\n", seal_word, checksum_bytes(0, std::as_bytes(std::span(text))));
}

std::optional<std::uint64_t> format_of(std::string_view text) {
  if (!text.starts_with(magic_word)) return std::nullopt;
  std::uint64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data() + magic_word.size(), end, number);
  if (error != std::errc{} || after == end || *after != '\n') return std::nullopt;
  return number;
}

Parsed parse(std::string_view text) {
  const auto number = format_of(text);
  const auto sealed = text.substr(0, text.size() - seal_bytes);
  if (!number || text.substr(sealed.size()) != seal(sealed)) return {};
  if (*number > format) return {{}, "", *number};
  try {
    const auto json = parse_line(sealed.substr(magic.size()));
    const auto version = count_in(json, "version");
    if (version > format) return {{}, "", version};
    auto header = header_from(json);
    if (header.header_bytes != 2 * text.size()) reject(fmt::format("it has {} bytes itself", header.header_bytes));
    if (header.series) require_series(header);
    require_sizes(header);
    require_little_metadata(header);
    // Nothing twice, nothing beside it, no number in another form: resume writes it anew from what was read.
    if (!to_text(header).starts_with(text)) reject("its text has another form");
    return {std::move(header), "", 0};
  } catch (const Json::exception&) {  // its message repeats the text, however long
    return {{}, "its text is no JSON", 0};
  } catch (const std::exception& error) { return {{}, error.what(), 0}; }
}

}  // namespace concdemo::header_copy
