#include "output/xdmf_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/failure.hpp"
#include "format/helper_file.hpp"
#include "system/file.hpp"
#include "system/file_names.hpp"

namespace concdemo {
namespace {

namespace fs = std::filesystem;

std::string file_name_of(const std::string& path) { return fs::path(path).filename().string(); }

}  // namespace

Xdmf::Xdmf(const std::string& file, XdmfField field)
    : file_(file), path_(xdmf_path(file)), partial_(xdmf_partial_path(file)), field_(std::move(field)) {}

files::Descriptor Xdmf::open_own(const std::string& path) const {
  return open_helper(path, O_RDONLY, [&](int file) {
    const auto name = file_name_of(file_);
    return bears(file, xdmf_opening(name)) ? "" : "it is not concdemo's description of " + name;
  });
}

void Xdmf::require_place() const {
  if (file_.ends_with(".xmf")) {
    throw usage_error(fmt::format("{}: the name of a description of snapshots; name it {}.h5", file_,
                                  file_.substr(0, file_.size() - 4)));
  }
  for (const auto& path : {path_, partial_}) open_own(path);
}

void Xdmf::start(std::vector<double> times) {
  times_ = std::move(times);
  const auto remove = [&](const std::string& path) {
    const auto file = open_own(path);
    const int error = file.valid() ? files::remove(file.get(), path) : 0;
    if (error != 0) throw system_error(fmt::format("cannot remove {}: {}", path, files::error_text(error)));
    return file.valid();
  };
  const bool had_partial = remove(partial_);
  if (!times_.empty()) write();
  else if (!remove(path_) && !had_partial) return;
  files::sync_folder_of(path_, "xdmf_folder");  // or one that lists more may come back
}

// A failure is not the run's: what is there stays valid, and the last writing tells.
void Xdmf::add(double time) {
  times_.push_back(time);
  const double start_s = now_s();
  if (start_s < next_s_) return;
  static_cast<void>(attempt([&] { write(); }));
  const double end_s = now_s();
  next_s_ = end_s + std::max(1.0, 50 * (end_s - start_s));  // long lists cost the I/O thread 2 % at most
}

void Xdmf::complete() {
  if (!times_.empty()) write();
}

void Xdmf::write() {
  const auto name = file_name_of(file_);
  if (name.find(':') != std::string::npos) return;
  const auto text = xdmf_text(name, field_, times_);
  files::Descriptor file;
  const int error = files::at_point("xdmf", "writing " + path_, [&] {
    open_own(path_);  // another's may have come up since
    // Its first lines are the mark.
    files::require(files::create(partial_, xdmf_opening(name), file));
    files::require(files::write_all(file.get(), std::as_bytes(std::span(text)), 0));
    files::keep_permissions(path_, file.get());
    files::require(files::sync_all(file.get()));  // or a power cut may leave the name of an empty file
    files::require(files::rename(partial_, path_, true));
  });
  if (error == 0) return;
  if (error == EEXIST) throw system_error(fmt::format("{} was made by another program in the meantime", partial_));
  if (file.valid()) files::remove(file.get(), partial_);
  throw system_error(fmt::format("cannot write {}: {}", path_, files::error_text(error)));
}

}  // namespace concdemo
