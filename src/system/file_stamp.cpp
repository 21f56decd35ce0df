#include "system/file_stamp.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <span>

#include "base/error.hpp"
#include "system/files.hpp"

namespace concdemo::files {
namespace {

void take(const struct stat& status, Stamp& stamp) {
  stamp.device = status.st_dev;
  stamp.inode = status.st_ino;
  stamp.bytes = static_cast<std::uint64_t>(status.st_size);
  stamp.modified_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

// FNV-1a: tells files apart, and is no guard against anybody.
std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) sum = (sum ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return sum;
}

}  // namespace

Stamp stamp_of(const std::string& path) {
  const auto refuse = [&path](int error) {
    return usage_error(fmt::format("cannot read {}: {}", path, error_text(error)));
  };
  Stamp stamp;
  stamp.path = std::filesystem::absolute(path);
  Descriptor file;
  // Should it be a pipe by now, nobody is waited for.
  if (const int error = open(path, O_RDONLY | O_NONBLOCK, file); error != 0) throw refuse(error);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw refuse(errno);
  take(status, stamp);
  std::array<std::byte, 4096> beginning;
  std::size_t got = 0;
  if (const int error = read_all(file.get(), beginning, 0, got); error != 0) throw refuse(error);
  stamp.beginning = checksum(std::span(beginning).first(got));
  return stamp;
}

bool same_file(const Stamp& a, const Stamp& b, bool one_host) {
  if (a.bytes != b.bytes || a.modified_ns != b.modified_ns || a.beginning != b.beginning) return false;
  return !one_host || (a.device == b.device && a.inode == b.inode);
}

void require_unchanged(const Stamp& stamp) {
  struct stat status {};
  if (::stat(stamp.path.c_str(), &status) != 0) {
    throw usage_error(fmt::format("{} has gone while it was read: {}", stamp.path, error_text(errno)));
  }
  Stamp now = stamp;
  take(status, now);
  if (now == stamp) return;
  throw usage_error(fmt::format("{} has changed while it was read (now {}; then {}); start again when nobody writes it",
                                stamp.path, describe(now), describe(stamp)));
}

std::string describe(const Stamp& stamp) {
  const auto seconds = static_cast<std::time_t>(stamp.modified_ns / 1'000'000'000);
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &time);
  return fmt::format("{}, {} bytes, modified {}.{:09} UTC, inode {}", stamp.path, stamp.bytes, text.data(),
                     stamp.modified_ns % 1'000'000'000, stamp.inode);
}

}  // namespace concdemo::files
