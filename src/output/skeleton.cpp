#include "output/skeleton.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "base/activity.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "format/checksum.hpp"
#include "system/files.hpp"
#include "system/temporary_folder.hpp"

namespace concdemo {

// A file for HDF5 to write to that only this process knows. In memory without a name in any folder, so that nothing is
// left behind whenever the process dies; elsewhere in a temporary folder, which goes with this.
class Skeleton::Scratch {
 public:
  explicit Scratch(const std::string& last_folder) : file_(::memfd_create("concdemo", MFD_CLOEXEC)) {
    path_ = fmt::format("/proc/self/fd/{}", file_.get());
    if (file_.valid() && ::access(path_.c_str(), R_OK | W_OK) == 0) return;
    int error = 0;
    for (const auto& base : {TemporaryFolder::default_base(), last_folder}) {
      try {
        folder_.emplace(base);
      } catch (const Error&) { continue; }
      path_ = folder_->path() + "/skeleton";
      error = files::open(path_, O_RDWR | O_CREAT | O_EXCL, file_);
      if (error == 0) return;
    }
    throw system_error(fmt::format("cannot make a temporary file in memory, TMPDIR or {}: {}", last_folder,
                                   error == 0 ? "none can be written to" : files::error_text(error)));
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }
  int file() const { return file_.get(); }

 private:
  files::Descriptor file_;
  std::optional<TemporaryFolder> folder_;
  std::string path_;
};

namespace {

std::uint64_t checksum_of(int file, const std::vector<hdf5::Place>& places) {
  std::uint64_t sum = 0;
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  for (const auto& place : places) {
    for (std::uint64_t at = 0; at < place.bytes; at += buffer.size()) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), place.bytes - at));
      std::size_t got = 0;
      const auto piece = std::span(buffer).first(length);
      if (files::read_all(file, piece, place.offset + at, got) != 0 || got < length) {
        throw system_error("cannot read back the metadata that HDF5 wrote");
      }
      sum += checksum_bytes(place.offset + at, piece);
    }
  }
  return sum;
}

}  // namespace

Skeleton::Skeleton(const PartialFile& partial, std::uint64_t header_bytes, const std::vector<DatasetSpec>& datasets,
                   const std::vector<hdf5::TableSpec>& tables, const Attributes& attributes, std::uint64_t aligned_from)
    : scratch_(std::make_unique<Scratch>(files::folder_of(partial.target()))),
      made_(hdf5::write_skeleton(scratch_->path(), header_bytes, datasets, tables, attributes, aligned_from)) {}

Skeleton::~Skeleton() = default;

bool Skeleton::put_into(const PartialFile& partial, bool reserve, FileHeader& header) const {
  header.metadata_checksum = checksum_of(scratch_->file(), metadata_places(header));
  partial.require_space(header.file_bytes, reserve);
  const bool reserved = partial.resize(header.file_bytes, reserve);
  activity::at("writing the metadata of " + partial.path());
  // Behind the header's place, where the partial file has its mark.
  int error = fault::at("skeleton");
  if (error == 0) error = files::copy_sparse(scratch_->file(), partial.file(), header.header_bytes, header.file_bytes);
  if (error != 0) throw system_error(fmt::format("cannot write {}: {}", partial.path(), files::error_text(error)));
  return reserved;
}

}  // namespace concdemo
