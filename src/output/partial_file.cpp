#include "output/partial_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "format/file_header.hpp"
#include "format/helper_file.hpp"
#include "format/verify_series.hpp"
#include "system/file_names.hpp"

namespace concdemo {
namespace {

namespace fs = std::filesystem;

std::string resolved(const std::string& path, bool force) {
  if (path.empty()) throw usage_error("the name of the output file is empty; name a file");
  std::error_code unused;
  const auto status = fs::status(path, unused);
  if (fs::is_symlink(fs::symlink_status(path, unused)) && !fs::exists(status)) {
    throw usage_error(fmt::format("output {} is a link to nothing; name another file, or remove the link", path));
  }
  if (fs::is_directory(status)) throw usage_error(fmt::format("output {} is a folder; name a file in it", path));
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw usage_error(fmt::format("output {} is not a regular file; name another", path));
  }
  if (fs::exists(status) && !force) {
    const auto run = unfinished_run(path);
    if (run && run->committed == 0) {
      throw usage_error(
          fmt::format("output {} is a run that was ended before its first snapshot: nothing is lost; begin "
                      "again with --force, or name another file",
                      path));
    }
    if (run) {
      throw usage_error(
          fmt::format("output {0} is an unfinished run; go on with: concdemo resume {0}, name another file, "
                      "or add --force to lose it",
                      path));
    }
    throw usage_error(fmt::format("output {} exists; name another file, or add --force to replace it", path));
  }
  if (fs::exists(status) && files::is_kept(path)) {
    throw usage_error(
        fmt::format("output {} belongs to another user, who alone may replace it in a sticky folder; name "
                    "another file",
                    path));
  }
  const auto target = fs::canonical(path, unused);  // through a symbolic link the file itself is replaced
  return target.empty() ? path : target.string();
}

Error refusal(const std::string& path, int error) {
  const auto text = fmt::format("cannot make {}: {}", path, files::error_text(error));
  const bool is_system = error == ENOSPC || error == EDQUOT || error == EIO || error == EMFILE || error == ENFILE;
  const bool is_place = error == EACCES || error == EPERM || error == EROFS || error == ENOENT;
  return is_system ? system_error(text)
                   : usage_error(text + (is_place ? "; name a file in a folder that you may write" : ""));
}

Error no_space(const std::string& path, std::uint64_t bytes) {
  const auto free = files::free_bytes(files::folder_of(path));
  return system_error(
      fmt::format("{} needs {} bytes, its file system has {} free; use a smaller size or another "
                  "folder",
                  path, bytes, free ? fmt::to_string(*free) : "fewer"));
}

constexpr std::string_view mark = "concdemo unfinished output 1: may be removed when no run writes it\n";

// What a run leaves that was killed: with the mark, or with the header that takes its place before the name changes.
std::string why_no_leftover(const std::string& path, int file) {
  if (files::lock(file) == EWOULDBLOCK) {
    throw usage_error(fmt::format("another run is writing {}; wait for it, or name another file", path));
  }
  return bears(file, mark) || read_header_copies(path).ours ? "" : "it is no unfinished output of concdemo";
}

}  // namespace

std::string partial_path(const std::string& target) { return target + ".partial"; }

std::string require_output_place(const std::string& path, bool force) {
  auto target = resolved(path, force);
  const auto partial = partial_path(target);
  open_helper(partial, O_RDONLY, [&](int file) { return why_no_leftover(partial, file); });
  return target;
}

PartialFile::PartialFile(const std::string& path, bool force) : target_(resolved(path, force)), force_(force) {
  const auto partial = partial_path(target_);
  while (!file_.valid()) {
    const auto left = open_helper(partial, O_RDWR, [&](int file) { return why_no_leftover(partial, file); });
    if (left.valid() && !files::is_at(left.get(), partial)) continue;  // its owner finished between our two calls
    files::Descriptor file;
    int error = left.valid() ? files::remove(left.get(), partial) : 0;
    if (error == 0) error = files::create_locked(partial, file);
    if (error == 0) file_ = {std::move(file), partial};
    else if (error != EEXIST) throw refusal(partial, error);  // or another run was faster
  }
  removed_on_signal_.emplace(partial, file_.get());
  if (const int error = files::write_start(file_.get(), mark)) {
    files::remove(file_.get(), partial);
    throw refusal(partial, error);
  }
  // What takes the place of a private file is private from the start.
  if (std::error_code unused; fs::exists(target_, unused)) ::fchmod(file_.get(), S_IRUSR | S_IWUSR);
}

PartialFile::~PartialFile() {
  if (file_.valid()) files::remove(file_.get(), path());
}

void PartialFile::require_space(std::uint64_t bytes, bool reserve) const {
  const auto limit = files::size_limit();
  if (limit && bytes > *limit) {
    throw system_error(
        fmt::format("{} needs {} bytes, the limit on file sizes is {}; raise it (ulimit -f)", target_, bytes, *limit));
  }
  const auto free = files::free_bytes(files::folder_of(target_));
  if (reserve && free && bytes > *free) throw no_space(target_, bytes);
}

bool PartialFile::resize(std::uint64_t bytes, bool reserve) const {
  bool reserved = false;
  int error = files::resize(file_.get(), bytes);
  if (error == 0 && reserve) {
    error = files::at_point("reserve", "reserving the space of " + path(),
                            [&] { files::require(files::reserve(file_.get(), bytes, reserved)); });
  }
  if (error == ENOSPC || error == EDQUOT) throw no_space(target_, bytes);
  if (error != 0) {
    throw system_error(fmt::format("cannot make {} {} bytes long: {}", path(), bytes, files::error_text(error)));
  }
  return reserved;
}

void PartialFile::publish(bool goes_on) {
  if (force_) files::keep_permissions(target_, file_.get(), goes_on ? S_IRUSR | S_IWUSR : 0);
  file_.sync_all("fsync");
  if (!files::is_at(file_.get(), path())) {
    throw system_error(fmt::format("{} was removed or replaced while it was written; run again", path()));
  }
  const int error = files::at_point("rename", fmt::format("renaming {} to {}", path(), target_),
                                    [&] { files::require(files::rename(path(), target_, force_)); });
  if (error == EEXIST) {
    throw system_error(
        fmt::format("{} was made by another program in the meantime and is kept; the result is lost", target_));
  }
  if (error != 0) {
    throw system_error(fmt::format("cannot rename {} to {}: {}", path(), target_, files::error_text(error)));
  }
  removed_on_signal_.reset();
  file_ = {};  // nothing is to be removed
  files::sync_folder_of(target_, "folder");
}

}  // namespace concdemo
