#include "fetch/part_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/failure.hpp"
#include "format/helper_file.hpp"
#include "system/file_names.hpp"

namespace concdemo::fetch {
namespace {

constexpr std::uint64_t writeback_bytes = 16 << 20;  // so that the final fsync finds little left to do
// Around eight hexadecimal digits, behind the file's name.
constexpr std::string_view part_mark = ".concdemo-";
constexpr std::string_view part_end = ".part";

bool is_part_name(std::string_view name) {
  if (name.size() <= part_mark.size() + 8 + part_end.size() || !name.ends_with(part_end)) return false;
  name.remove_suffix(part_end.size());
  const auto digits = name.substr(name.size() - 8);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         name.substr(0, name.size() - 8).ends_with(part_mark);
}

}  // namespace

void Unfinished::remove_all() {
  mutex_.lock();
  for (const std::string& path : paths_) unlink(path.c_str());
}

void remove_left_parts(const std::string& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!is_part_name(entry->path().filename().string())) continue;
    static_cast<void>(attempt([&] {
      const auto path = entry->path().string();
      const auto left =
          open_helper(path, O_RDWR, [](int file) { return files::lock(file) == 0 ? "" : "it is being written"; });
      if (left.valid()) files::remove(left.get(), path);
    }));
  }
}

PartFile::PartFile(const std::string& folder, const std::string& name, bool with_hash, Unfinished& unfinished)
    : path_(folder + "/" + name), with_hash_(with_hash), unfinished_(unfinished) {}

PartFile::~PartFile() { discard(); }

std::string PartFile::failed(const char* what, int error) const {
  return fmt::format("{} {}: {}", what, path_, files::error_text(error));
}

// Anew as long as something stands at its name, or somebody took it for left behind before it was locked.
int PartFile::make() {
  std::random_device random;
  for (;;) {
    const auto name = fmt::format("{}{}{:08x}{}", path_, part_mark, random(), part_end);
    files::Descriptor file;
    const int error = files::open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, file);
    if (error == EEXIST) continue;
    if (error != 0) return error;
    if (files::lock(file.get()) == EWOULDBLOCK || !files::is_at(file.get(), name)) continue;
    part_ = name;
    file_ = std::move(file);
    return 0;
  }
}

std::string PartFile::begin() {
  if (with_hash_) hash_.emplace();
  bytes_ = written_back_ = 0;
  if (file_.valid()) {
    if (const int error = files::resize(file_.get(), 0)) return failed("cannot empty", error);
    return {};
  }
  const int error = unfinished_.change(part_, true, [&] { return make(); });
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
  if (!files::is_at(file_.get(), part_)) return fmt::format("{} was removed or replaced meanwhile", part_);
  if (replace) files::keep_permissions(path_, file_.get());
  const int error = unfinished_.change(part_, false, [&] { return files::rename(part_, path_, replace); });
  if (error == EEXIST) return fmt::format("{} has come up meanwhile; --force replaces it", path_);
  if (error != 0) return failed("cannot make", error);
  if (const int failure = file_.close()) return fmt::format("cannot close {}: {}", path_, files::error_text(failure));
  return {};
}

void PartFile::discard() {
  if (!file_.valid()) return;
  unfinished_.change(part_, false, [&] { return files::remove(file_.get(), part_); });
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
