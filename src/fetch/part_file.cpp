#include "fetch/part_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.hpp"
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

void PartFile::require(int error, const char* otherwise) const {
  if (error != 0) throw system_error(fmt::format("{} {}: {}", otherwise, path_, files::error_text(error)));
}

int PartFile::make() {
  std::random_device random;
  int error = EEXIST;
  while (error == EEXIST) {
    part_ = fmt::format("{}{}{:08x}{}", path_, part_mark, random(), part_end);
    error = files::create_locked(part_, file_);
  }
  return error;
}

void PartFile::begin() {
  if (with_hash_) hash_.emplace();
  bytes_ = written_back_ = 0;
  if (file_.valid()) return require(files::resize(file_.get(), 0), "cannot empty");
  require(unfinished_.change(part_, true, [&] { return make(); }), "cannot write");
}

void PartFile::write(std::span<const std::byte> bytes) {
  require(files::write_all(file_.get(), bytes, bytes_), "cannot write");
  bytes_ += bytes.size();
  if (hash_) hash_->update(bytes);
  if (bytes_ - written_back_ >= writeback_bytes) start_writeback();
}

void PartFile::start_writeback() {
  files::start_writeback(file_.get(), written_back_, bytes_ - written_back_);
  written_back_ = bytes_;
}

void PartFile::sync() const { require(files::sync_all(file_.get()), "cannot write"); }

void PartFile::publish(bool replace) {
  if (!files::is_at(file_.get(), part_)) throw system_error(part_ + " was removed or replaced meanwhile");
  if (replace) files::keep_permissions(path_, file_.get());
  const int error = unfinished_.change(part_, false, [&] { return files::rename(part_, path_, replace); });
  if (error == EEXIST) throw system_error(path_ + " has come up meanwhile; --force replaces it");
  require(error, "cannot make");
  require(file_.close(), "cannot close");
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
