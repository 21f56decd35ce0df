#include "fetch/part_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace concdemo::fetch {
namespace {

constexpr std::uint64_t writeback_bytes = 16 << 20;  // so that the final fsync finds little left to do

}  // namespace

void Unfinished::remove_all() {
  mutex_.lock();
  for (const std::string& path : paths_) unlink(path.c_str());
}

PartFile::PartFile(const std::string& folder, const std::string& name, bool with_hash, Unfinished& unfinished)
    : path_(folder + "/" + name), part_(path_ + ".part"), with_hash_(with_hash), unfinished_(unfinished) {}

PartFile::~PartFile() { discard(); }

std::string PartFile::failed(const char* what, int error) const {
  return fmt::format("{} {}: {}", what, part_, files::error_text(error));
}

std::string PartFile::begin() {
  if (with_hash_) hash_.emplace();
  bytes_ = written_back_ = 0;
  if (file_.valid()) {
    if (const int error = files::resize(file_.get(), 0)) return failed("cannot empty", error);
    return {};
  }
  bool busy = false;
  const int error = unfinished_.change(part_, true, [&] {
    // Not O_TRUNC: it may be another process's, which then holds its lock.
    files::Descriptor file;
    if (const int failure = files::open(part_, O_RDWR | O_CREAT | O_NOFOLLOW, file)) return failure;
    const int locked = files::lock(file.get());
    busy = locked == EWOULDBLOCK || (locked == 0 && !files::is_at(file.get(), part_));
    if (busy) return EWOULDBLOCK;
    if (const int failure = files::resize(file.get(), 0)) return failure;
    file_ = std::move(file);
    return 0;
  });
  if (busy) return fmt::format("{} is being written by another process", part_);
  return error == 0 ? std::string() : failed("cannot write", error);
}

std::string PartFile::write(std::span<const std::byte> bytes) {
  if (const int error = files::write_all(file_.get(), bytes, bytes_)) return failed("cannot write", error);
  bytes_ += bytes.size();
  if (hash_) hash_->update(bytes);
  if (bytes_ - written_back_ >= writeback_bytes) start_writeback();
  return {};
}

void PartFile::start_writeback() {
  files::start_writeback(file_.get(), written_back_, bytes_ - written_back_);
  written_back_ = bytes_;
}

std::string PartFile::sync() {
  if (const int error = files::sync_all(file_.get())) return failed("cannot write", error);
  return {};
}

std::string PartFile::publish(bool replace) {
  const int error = unfinished_.change(part_, false, [&] { return files::rename(part_, path_, replace); });
  if (error == EEXIST) return fmt::format("{} has come up meanwhile; --force replaces it", path_);
  if (error != 0) return fmt::format("cannot rename {} to {}: {}", part_, path_, files::error_text(error));
  if (const int failure = file_.close()) return fmt::format("cannot close {}: {}", path_, files::error_text(failure));
  return {};
}

void PartFile::discard() {
  if (!file_.valid()) return;
  unfinished_.change(part_, false, [&] { return unlink(part_.c_str()) == 0 || errno == ENOENT ? 0 : errno; });
  file_.close();
}

std::string PartFile::sha256() { return hash_ ? hash_->finish() : std::string(); }

int make_folders(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<std::string> missing;
  std::error_code error;
  for (auto at = fs::absolute(path, error); at.has_relative_path() && !fs::exists(at, error); at = at.parent_path()) {
    if (at.has_filename()) missing.push_back(at.string());  // "folder/" has none
  }
  fs::create_directories(path, error);
  if (error) return error.value();
  for (const auto& made : missing) {
    if (const int failure = files::sync_folder(files::folder_of(made))) return failure;
  }
  return 0;
}

std::optional<std::string> sha256_of_file(const std::string& path) {
  files::Descriptor file;
  if (files::open(path, O_RDONLY, file) != 0) return {};
  std::vector<std::byte> buffer(1 << 20);
  Sha256 hash;
  for (std::uint64_t at = 0;;) {
    std::size_t got = 0;
    if (files::read_all(file.get(), buffer, at, got) != 0) return {};
    if (got == 0) return hash.finish();
    hash.update(std::span(buffer).first(got));
    at += got;
  }
}

}  // namespace concdemo::fetch
