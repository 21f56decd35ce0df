#include "output/run_writer.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace concdemo {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t shortest = std::uint64_t{1}
                                   << 16;  // bytes of whole pages in a run; below, a call each costs more

bool is_switched_off() {
  const char* text = std::getenv("CONCDEMO_BUFFERED");
  return text != nullptr && *text == '1';
}

}  // namespace

RunWriter::RunWriter(int file) : file_(file) {
  if (is_switched_off() || files::open_direct(file, direct_) != 0) return;
  buffer_ = Array((most_bytes + page) / sizeof(double));
}

int RunWriter::write(std::vector<iovec>& parts, std::uint64_t offset) {
  std::uint64_t length = 0;
  for (const auto& part : parts) length += part.iov_len;
  const auto begin = (offset + page - 1) / page * page, end = (offset + length) / page * page;
  if (!direct_.valid() || end < begin + shortest || length > most_bytes) {
    return write_buffered(parts, offset, length);
  }
  const auto* const bytes = gather(parts, offset);
  const auto piece = [&](std::uint64_t from, std::uint64_t to) {
    return std::span(bytes + (from - offset), static_cast<std::size_t>(to - from));
  };
  if (const int error = files::write_all(file_, piece(offset, begin), offset)) return error;
  if (const int error = write_pages(piece(begin, end), begin)) return error;
  return files::write_all(file_, piece(end, offset + length), end);
}

// Every few MiB a hint starts the disk's work, so that the sync finds little left to do.
int RunWriter::write_buffered(std::vector<iovec>& parts, std::uint64_t offset, std::uint64_t length) {
  const int error = files::write_gathered(file_, parts, offset);
  begun_ = waiting_ == 0 ? offset : std::min(begun_, offset);
  ended_ = waiting_ == 0 ? offset + length : std::max(ended_, offset + length);
  waiting_ += length;
  if (waiting_ < most_bytes) return error;
  files::start_writeback(file_, begun_, ended_ - begun_);
  waiting_ = 0;
  return error;
}

// Where the run's pages are pages of memory too: the one part there is, or a copy.
const std::byte* RunWriter::gather(const std::vector<iovec>& parts, std::uint64_t offset) {
  const auto* const first = static_cast<const std::byte*>(parts.front().iov_base);
  const auto shift = static_cast<std::size_t>(offset % page);
  if (parts.size() == 1 && reinterpret_cast<std::uintptr_t>(first) % page == shift) return first;
  std::byte* const copy = std::as_writable_bytes(buffer_.span()).data() + shift;
  for (std::size_t at = 0; const auto& part : parts) {
    std::memcpy(copy + at, part.iov_base, part.iov_len);
    at += part.iov_len;
  }
  return copy;
}

int RunWriter::write_pages(std::span<const std::byte> pages, std::uint64_t offset) {
  const auto written = files::write_some(direct_.get(), pages, offset);
  if (written == pages.size()) return 0;
  // The usual way says what is wrong, or finds nothing wrong where the file system takes no such writes after all.
  const auto whole = written / page * page;
  const int error = files::write_all(file_, pages.subspan(whole), offset + whole);
  if (error == 0) static_cast<void>(direct_.close());
  return error;
}

}  // namespace concdemo
