#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.hpp"
#include "format/file_header.hpp"
#include "format/header_copy.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

std::string damage_of(int number, const header_copy::Parsed& copy) {
  const auto name = fmt::format("header copy {}", number);
  return copy.damage.empty() ? name : fmt::format("{}: sealed, but {}", name, copy.damage);
}

}  // namespace

HeaderReading read_header_copies(const std::string& path) {
  using namespace header_copy;
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
  const auto has_seal = [&](std::uint64_t end) { return read(end - seal_bytes, seal_word.size()) == seal_word; };
  HeaderReading reading;
  const auto first_format = format_of(read(0, magic.size()));
  reading.ours = first_format.has_value();
  reading.damage = {damage_of(1, {}), damage_of(2, {})};
  for (auto copy_bytes = min_bytes; copy_bytes <= max_bytes && copy_bytes <= bytes; copy_bytes *= 2) {
    const auto second_format = format_of(read(copy_bytes, magic.size()));
    if (!first_format && !second_format) continue;
    reading.ours = true;
    // A later version may seal in another way; two copies that say its number are no flipped bit.
    if (first_format == second_format && *first_format > format) reading.newer = *first_format;
    if (!has_seal(copy_bytes) && !has_seal(2 * copy_bytes)) continue;  // a copy has another size
    const auto front = parse(read(0, copy_bytes));
    const auto back = parse(read(copy_bytes, copy_bytes));
    if (!front.is_sealed() && !back.is_sealed()) continue;
    reading.header = front.header ? front.header : back.header;
    reading.newer = reading.header ? 0 : std::max({reading.newer, front.newer, back.newer});
    reading.damage.clear();
    if (!front.header) reading.damage.push_back(damage_of(1, front));
    if (!back.header) reading.damage.push_back(damage_of(2, back));
    if (front.header && back.header && to_text(*front.header) != to_text(*back.header)) {
      reading.damage.emplace_back("header copies differ");
    }
    break;
  }
  if (!reading.ours) reading.damage.clear();
  return reading;
}

void refuse_newer(const HeaderReading& reading, const std::string& path) {
  if (reading.newer == 0) return;
  throw usage_error(fmt::format("{} was written by a newer concdemo (format {}); use that one", path, reading.newer));
}

std::optional<FileHeader> read_header(const std::string& path) {
  try {
    return read_header_copies(path).header;
  } catch (const Error&) { return std::nullopt; }
}

}  // namespace concdemo
