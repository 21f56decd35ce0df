#include "output/skeleton.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/error.hpp"
#include "format/checksum.hpp"
#include "format/commit_entry.hpp"
#include "format/verify_blocks.hpp"
#include "system/temporary_folder.hpp"

namespace concdemo {
namespace {

// A file for HDF5 to write to that only this process knows. In memory without a name in any folder, so that nothing is
// left behind whenever the process dies; elsewhere in a temporary folder, which goes with this.
class Scratch {
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

// One for each dataset whose checksums the commit entries do not hold, and these.
std::vector<hdf5::TableSpec> tables_of(const FileHeader& header) {
  std::vector<hdf5::TableSpec> tables;
  for (std::size_t i = 0; i < header.datasets.size(); ++i) {
    if (!header.has_table(i)) continue;
    const auto entries = header.table_length(i);
    const bool has_snapshots = header.series && i == 0;
    tables.push_back({header.datasets[i].name, {entries}});
    if (has_snapshots) tables.back().shape = {header.series->snapshots, entries / header.series->snapshots};
  }
  if (header.series) {
    tables.push_back({"commits", {header.series->snapshots + 1, commit_bytes / sizeof(std::uint64_t)}});
  }
  return tables;
}

}  // namespace

FileHeader header_of(const std::vector<DatasetSpec>& datasets, const Attributes& attributes,
                     const std::optional<SeriesPart>& series) {
  FileHeader header;
  header.attributes = attributes;
  header.attributes.insert(header.attributes.begin(), {"Conventions", "CF-1.8"});
  for (const auto& dataset : datasets) header.datasets.push_back({dataset.name, dataset.shape, {}, {}, 0});
  header.series = series;
  header.header_bytes = header_bytes_for(header);
  return header;
}

bool write_skeleton(const PartialFile& partial, const std::vector<DatasetSpec>& datasets, bool reserve,
                    FileHeader& header) {
  const auto tables = tables_of(header);
  auto least_bytes = header.header_bytes;
  for (const auto& dataset : datasets) least_bytes += element_count(dataset.shape) * sizeof(double);
  for (const auto& table : tables) least_bytes += element_count(table.shape) * sizeof(std::uint64_t);
  partial.require_space(least_bytes, reserve);
  const Scratch scratch(files::folder_of(partial.target()));
  // A commit entry must not lie across two sectors.
  const auto made = hdf5::write_skeleton(scratch.path(), header.header_bytes, datasets, tables, header.attributes,
                                         header.series ? commit_bytes : hdf5::large_bytes);
  header.file_bytes = made.file_bytes;
  std::size_t table = 0;
  for (std::size_t i = 0; i < header.datasets.size(); ++i) {
    header.datasets[i].data = made.data[i];
    if (header.has_table(i)) header.datasets[i].table = made.tables[table++];
  }
  if (header.series) header.series->commits = made.tables[table];
  const auto sum = checksum_of(scratch.file(), metadata_places(header));
  if (!sum) throw system_error("cannot read back the metadata that HDF5 wrote");
  header.metadata_checksum = *sum;
  partial.require_space(header.file_bytes, reserve);
  const bool reserved = partial.resize(header.file_bytes, reserve);
  // Behind the header's place, where the partial file has its mark.
  const int error = files::at_point("skeleton", "writing the metadata of " + partial.path(), [&] {
    files::require(files::copy_sparse(scratch.file(), partial.file().get(), header.header_bytes, header.file_bytes));
  });
  if (error != 0) throw system_error(fmt::format("cannot write {}: {}", partial.path(), files::error_text(error)));
  return reserved;
}

}  // namespace concdemo
