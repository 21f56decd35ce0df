#include "fetch/text_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "system/files.hpp"

namespace concdemo::fetch {
namespace {

constexpr std::size_t most_bytes = 64 << 20;

// Why not, or nothing.
std::string read_into(std::string& text, const std::string& path) {
  files::Descriptor file;
  // A pipe that nobody writes is at its end; without O_NONBLOCK its opening would wait.
  if (const int error = files::open(path, O_RDONLY | O_NONBLOCK, file)) return files::error_text(error);
  fcntl(file.get(), F_SETFL, 0);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return files::error_text(errno);
  if (S_ISDIR(status.st_mode)) return "it is a folder; name a file";
  std::vector<char> buffer(std::size_t{1} << 16);
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return files::error_text(errno);
    if (got == 0) return {};
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return "it is UTF-16; save it as UTF-8";
    if (text.find('\0', text.size() - static_cast<std::size_t>(got)) != std::string::npos) return "it is no text";
    if (text.size() > most_bytes) return "it is longer than " + format_bytes(most_bytes);
  }
}

}  // namespace

std::string read_text(const std::string& option, const std::string& path) {
  std::string text;
  const std::string trouble = read_into(text, path);
  if (!trouble.empty()) throw usage_error(fmt::format("{} {}: {}", option, path, trouble));
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  return text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text;
}

}  // namespace concdemo::fetch
