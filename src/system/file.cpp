#include "system/file.hpp"

#include <fmt/format.h>

#include <system_error>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"

namespace concdemo::files {
namespace {

Error failure(const std::string& what, int error) { return system_error(what + ": " + error_text(error)); }

}  // namespace

void require(int error) {
  if (error != 0) throw std::system_error(error, std::generic_category());
}

int at_point(const char* point, const std::string& doing, const std::function<void()>& work) {
  activity::at(doing);
  try {
    require(fault::at(point));
    work();
  } catch (const std::system_error& error) { return error.code().value(); }
  return 0;
}

File File::open(const std::string& path, int flags) {
  Descriptor file;
  if (const int error = files::open(path, flags, file)) throw failure("cannot open " + path, error);
  return {std::move(file), path};
}

std::uint64_t File::size() const {
  std::uint64_t bytes = 0;
  if (const int error = size_of(get(), bytes)) throw failure("cannot read " + path_, error);
  return bytes;
}

// For each block of an output: no text is made that nobody reads.
void File::write_by(const std::function<int()>& call, std::uint64_t offset, const char* point) const {
  if (activity::is_watched()) activity::at(fmt::format("writing {} at byte {} ({})", path_, offset, point));
  int error = fault::at(point);
  if (error == 0) error = call();
  if (error != 0) throw failure(fmt::format("cannot write {} at byte {}", path_, offset), error);
}

void File::write(std::span<const std::byte> bytes, std::uint64_t offset, const char* point) const {
  write_by([&] { return write_all(get(), bytes, offset); }, offset, point);
}

void File::read(std::span<std::byte> bytes, std::uint64_t offset, const char* point) const {
  if (activity::is_watched()) activity::at("reading " + path_);
  std::size_t got = 0;
  int error = fault::at(point);
  if (error == 0) error = read_all(get(), bytes, offset, got);
  if (error != 0) throw failure(fmt::format("cannot read {} at byte {}", path_, offset), error);
  if (got < bytes.size()) throw system_error(fmt::format("{} ends at byte {}", path_, offset + got));
}

void File::read(const MatrixSpan& block, std::uint64_t columns, std::uint64_t offset, const char* point) const {
  const bool is_one_run = block.columns == columns && block.stride == columns;
  const auto count = is_one_run ? block.rows * block.columns : block.columns;
  for (std::size_t i = 0; i < block.rows; i += is_one_run ? block.rows : 1) {
    const std::span run(block.data + i * block.stride, count);
    read(std::as_writable_bytes(run), offset + i * columns * sizeof(double), point);
  }
}

void File::sync_by(int (*call)(int fd), const char* name, const char* point) const {
  const auto doing = fmt::format("{} of {} ({})", name, path_, point);
  const int error = at_point(point, doing, [&] { require(call(get())); });
  if (error != 0) throw failure(fmt::format("{}: {}", path_, name), error);
}

void File::close() {
  if (const int error = descriptor_.close()) throw failure(path_ + ": close", error);
}

void sync_folder_of(const std::string& path, const char* point) {
  const auto sync = [&] { require(sync_folder(folder_of(path))); };
  if (const int error = at_point(point, "fsync of the folder of " + path, sync)) {
    throw failure(fmt::format("folder of {}: fsync", path), error);
  }
}

}  // namespace concdemo::files
