#include "format/foreign_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "format/commit_entry.hpp"

namespace concdemo {

std::string foreign_kind(int file) {
  constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
  std::uint64_t bytes = 0;
  if (files::size_of(file, bytes) == 0 && bytes == 0) return "it is empty";
  if (is_checkpoint(file)) return "it is the checkpoint of one";
  for (std::uint64_t at = 0; at < bytes && at < (std::uint64_t{1} << 30); at = at == 0 ? 512 : 2 * at) {
    std::string start(signature.size(), '\0');
    std::size_t got = 0;
    const int error = files::read_all(file, std::as_writable_bytes(std::span(start)), at, got);
    if (error != 0 || start != signature) continue;
    return at == 0 ? "it is an HDF5 file made by another program"
                   : "it is an HDF5 file without checksums of ours: unfinished, or made by another program";
  }
  return "it is not an HDF5 file";
}

files::File open_file(const std::string& path, const std::string& target, int flags, const std::string& advice) {
  files::Descriptor file;
  std::uint64_t bytes = 0;
  int error = target.empty() ? ENOENT : files::open(target, flags | O_NONBLOCK, file);
  if (error == 0) error = files::size_of(file.get(), bytes);
  if (error == 0) return {std::move(file), path};
  std::error_code unused;
  const auto partial = path + ".partial";
  if (error == ENOENT && std::filesystem::exists(partial, unused)) {
    throw usage_error(
        fmt::format("{} is not there, only {}, which a run leaves that writes it still or was killed before "
                    "anything was in it; begin again with run",
                    path, partial));
  }
  throw usage_error(fmt::format("cannot open {}: {}; {}", path, files::error_text(error), advice));
}

}  // namespace concdemo
