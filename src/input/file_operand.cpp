#include "input/file_operand.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "format/file_header.hpp"
#include "format/verify_series.hpp"
#include "screen/terminal.hpp"
#include "system/files.hpp"
#include "system/hdf5_read.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

struct FileName {
  std::string file;
  std::string dataset;
};

// FILE:/dataset, where FILE may itself hold colons.
FileName split_input(const std::string& input) {
  if (input.empty()) throw usage_error("--input is empty; name a file");
  std::error_code ignored;
  if (std::filesystem::exists(input, ignored)) return {input, ""};
  const auto at = [&](std::size_t colon) { return FileName{input.substr(0, colon), input.substr(colon + 1)}; };
  for (auto colon = input.rfind(":/"); colon != std::string::npos && colon > 0; colon = input.rfind(":/", colon - 1)) {
    if (std::filesystem::exists(input.substr(0, colon), ignored)) return at(colon);
  }
  const auto colon = input.rfind(":/");
  if (colon != std::string::npos && colon > 0) return at(colon);
  const auto last = input.rfind(':');
  if (last != std::string::npos && std::filesystem::is_regular_file(input.substr(0, last), ignored)) {
    throw usage_error(fmt::format("cannot read {}: there is no such file; did you mean {}?", input,
                                  shell_word(input.substr(0, last) + ":/" + input.substr(last + 1))));
  }
  return {input, ""};
}

std::uint64_t index_of(std::string_view part) {
  try {
    return parse_count(part);
  } catch (const Error&) { throw usage_error(fmt::format("'{}' is no index; give one number, counted from 0", part)); }
}

// "0,2,:,:": a plane of the last two dimensions.
void take_slice(Operand& operand, const std::string& slice) {
  const std::string what = fmt::format("{} is {}", describe(operand), to_text(operand.shape));
  const auto refuse = [&](const std::string& why) {
    return usage_error(fmt::format("--slice {}: {}; {}", slice, why, what));
  };
  const auto parts = split(slice, ',');
  if (parts.size() != operand.shape.size() || parts.size() < 2) throw refuse("give one index or : for each dimension");
  if (parts.back() != ":" || parts[parts.size() - 2] != ":") throw refuse("the last two are to be :");
  for (std::size_t d = 0; d + 2 < parts.size(); ++d) {
    if (parts[d] == ":") throw refuse("all but the last two are to be indices");
    try {
      operand.plane.push_back(index_of(parts[d]));
    } catch (const Error& error) { throw refuse(error.what()); }
    if (operand.plane.back() >= operand.shape[d]) {
      throw refuse(fmt::format("there is no index {} in dimension {}, of {}", parts[d], d, operand.shape[d]));
    }
  }
  operand.shape.erase(operand.shape.begin(), operand.shape.end() - 2);
}

// A file of ours that a run has not finished: HDF5 reads what is not committed yet as zeros, as if it were data.
// Of what is data: whether the file is finished.
bool require_committed(const Operand& operand) {
  const hdf5::DatasetInfo& dataset = operand.dataset;
  const auto found = read_header_copies(dataset.file);
  const auto& header = found.header;
  if (!header && found.ours) {
    refuse_newer(found, dataset.file);
    throw usage_error(fmt::format("{0} is damaged ({1}): what of it is committed is not known; see concdemo verify {0}",
                                  dataset.file, fmt::join(found.damage, "; ")));
  }
  if (!header || !header->series) return true;
  const SeriesPart& series = *header->series;
  const auto last = header->datasets.begin() + static_cast<std::ptrdiff_t>(2 + series.scalars);
  const auto stored = std::find_if(header->datasets.begin(), last,
                                   [&](const StoredDataset& each) { return "/" + each.name == dataset.path; });
  if (stored == last) return true;  // the same in every snapshot
  files::Descriptor file;
  const int error = files::open(dataset.file, O_RDONLY, file);
  if (error != 0) throw usage_error(fmt::format("cannot read {}: {}", dataset.file, files::error_text(error)));
  const SeriesReading reading = read_series(file.get(), *header);
  if (reading.finished || reading.committed == series.snapshots) return true;
  if (!operand.plane.empty() && operand.plane.front() < reading.committed) return false;
  const std::string taken = reading.committed == 0
                                ? "none can be taken yet"
                                : fmt::format("those are {}[0:{}] in Python, and --slice {},:,: is the newest",
                                              header->datasets[0].name, reading.committed, reading.committed - 1);
  throw usage_error(
      fmt::format("{}: {} of {} snapshots are committed, the rest is not data yet; finish it by `concdemo "
                  "resume {}`, or take the committed ones ({})",
                  describe(operand), reading.committed, series.snapshots, shell_word(dataset.file), taken));
}

// On a rank other than 0: what the name leads to is to be what it leads to there, sources and all.
void require_same_files(const mpi::Comm& comm, const hdf5::DatasetInfo& dataset, const std::string& host) {
  const std::string here = fmt::format("rank {} on {}", comm.rank(), host_name());
  std::vector<files::Stamp> found;
  try {
    if (dataset.files.size() > 1) found = hdf5::inspect(dataset.file, dataset.path).files;
    else found.push_back(files::stamp_of(dataset.file));
  } catch (const Error& error) {
    throw Error(error.code, fmt::format("{}: {}; rank 0 on {} reads {}", here, error.what(), host,
                                        describe(dataset.files.front())));
  }
  const auto same = [&](const files::Stamp& a, const files::Stamp& b) { return same_file(a, b, host == host_name()); };
  const auto [there, mine] =
      std::mismatch(dataset.files.begin(), dataset.files.end(), found.begin(), found.end(), same);
  if (there == dataset.files.end() && mine == found.end()) return;
  const auto name = [](auto stamp, auto end) { return stamp == end ? "no such file" : describe(*stamp); };
  throw usage_error(
      fmt::format("{}:{} is not the same on all ranks: {} reads {}, rank 0 on {} reads {}; give every rank the "
                  "same file: by its whole path, in one folder, on a file system that all nodes share",
                  dataset.file, dataset.path, here, name(mine, found.end()), host, name(there, dataset.files.end())));
}

}  // namespace

Operand file_operand(const mpi::Comm& comm, const std::string& input, const std::string& slice,
                     std::uint64_t buffer_bytes) {
  std::string bytes;
  mpi::on_root(comm, [&] {
    const auto [file, dataset] = split_input(input);
    bytes = hdf5::to_cbor(hdf5::inspect(file, dataset));
  });
  Operand operand;
  operand.source = Operand::Source::file;
  operand.dataset = hdf5::from_cbor(comm.broadcast(bytes));
  const std::string host = comm.broadcast(host_name());
  mpi::together(comm, [&] {
    if (!comm.is_root()) require_same_files(comm, operand.dataset, host);
  });
  operand.shape = operand.dataset.shape;
  operand.buffer_bytes = buffer_bytes;
  if (!slice.empty()) take_slice(operand, slice);
  bool growing = false;
  mpi::on_root(comm, [&] {
    growing = !require_committed(operand);
    for (const std::string& note : operand.dataset.notes) message(describe(operand) + ": " + note);
  });
  // The rest of a run's file goes on being written, what is committed does not.
  if (comm.broadcast_value(growing)) operand.dataset.files.clear();
  return operand;
}

}  // namespace concdemo
