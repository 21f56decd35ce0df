#include "output/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "format/checksum.hpp"
#include "format/file_header.hpp"
#include "output/partial_file.hpp"
#include "output/skeleton.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

FileHeader header_of(const FileSpec& spec) {
  FileHeader header;
  header.attributes = spec.attributes;
  header.attributes.insert(header.attributes.begin(), {"Conventions", "CF-1.8"});
  for (const auto& dataset : spec.datasets) header.datasets.push_back({dataset.name, dataset.shape, {}, {}, 0});
  header.header_bytes = header_bytes_for(header);
  return header;
}

std::uint64_t least_bytes(const FileHeader& header) {
  auto bytes = header.header_bytes;
  for (const auto& dataset : header.datasets) {
    const auto elements = element_count(dataset.shape);
    if (elements > (std::uint64_t{1} << 59)) {
      throw usage_error(fmt::format("output dataset {} of {} elements is larger than any file; use a smaller size",
                                    dataset.name, to_text(dataset.shape)));
    }
    bytes += elements * sizeof(double) + block_count(elements) * sizeof(std::uint64_t);
  }
  return bytes;
}

// Rank 0 alone: makes the partial file with all its metadata, and fills in the header but for the table checksums.
bool prepare(const PartialFile& partial, const FileSpec& spec, bool reserve, FileHeader& header) {
  partial.require_space(least_bytes(header), reserve);
  std::vector<hdf5::TableSpec> tables;
  for (const auto& dataset : header.datasets)
    tables.push_back({dataset.name, {block_count(element_count(dataset.shape))}});
  Skeleton skeleton(partial, header.header_bytes, spec.datasets, tables, header.attributes, hdf5::large_bytes);
  header.file_bytes = skeleton.file_bytes();
  for (std::size_t i = 0; i < header.datasets.size(); ++i) {
    header.datasets[i].data = skeleton.data(i);
    header.datasets[i].table = skeleton.table(i);
  }
  return skeleton.put_into(partial, reserve, header);
}

}  // namespace

struct OutputFile::State {
  State(const mpi::Comm& all, const std::string& name) : comm(all), path(name) {}

  const mpi::Comm& comm;
  std::string path;  // as given
  std::string partial_path;
  double start = now_s();
  bool is_node_leader = false;
  bool reserved = false;
  FileHeader header;                                 // table checksums are known to rank 0, at the end
  std::optional<PartialFile> partial;                // rank 0
  std::optional<RemovedOnSignal> removed_on_signal;  // other ranks: a launcher may end them first
  files::Descriptor file;
  std::string misuse;                               // of submit, told by commit
  std::vector<std::shared_ptr<const void>> owners;  // of submitted data
  std::optional<AsyncWriter> writer;                // last: stops before the file closes

  OutputStats commit();
  void sum_tables();
  void publish();
};

OutputFile::OutputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutputFile::~OutputFile() = default;

std::unique_ptr<OutputFile> OutputFile::create(const mpi::Comm& comm, const FileSpec& spec,
                                               const WriterOptions& options) {
  files::ignore_size_signal();
  auto state = std::make_unique<State>(comm, spec.path);
  state->is_node_leader = comm.split_by_node().is_root();
  mpi::together(comm, [&] {
    if (!comm.is_root()) return;
    state->header = header_of(spec);
    state->partial.emplace(spec.path, spec.force);
    state->partial_path = state->partial->path();
    state->reserved = prepare(*state->partial, spec, options.reserve, state->header);
  });
  state->partial_path = comm.broadcast(state->partial_path);
  state->reserved = comm.broadcast_value(state->reserved);
  std::vector<AsyncWriter::Target> targets;
  for (std::size_t i = 0; i < spec.datasets.size(); ++i) {
    const auto offset = comm.is_root() ? state->header.datasets[i].data.offset : 0;
    targets.push_back({comm.broadcast_value(offset), element_count(spec.datasets[i].shape)});
  }
  mpi::together(comm, [&] {
    if (const int error = files::open(state->partial_path, O_RDWR, state->file)) {
      throw system_error(fmt::format("cannot open {}, which rank 0 made: {}; the folder must be shared by all nodes",
                                     state->partial_path, files::error_text(error)));
    }
    if (!comm.is_root()) state->removed_on_signal.emplace(state->partial_path, state->file.get());
    state->writer.emplace(state->file.get(), targets, options);
  });
  return std::unique_ptr<OutputFile>(new OutputFile(std::move(state)));
}

void OutputFile::submit(std::size_t dataset, std::uint64_t first_element, std::span<const double> data) {
  submit_rows(dataset, first_element, data.size(), data.size(), data);
}

void OutputFile::submit_rows(std::size_t dataset, std::uint64_t first_element, std::uint64_t stride,
                             std::uint64_t columns, std::span<const double> data) {
  try {
    state_->writer->submit_rows(dataset, first_element, stride, columns, data);
  } catch (const std::exception& error) { state_->misuse = error.what(); }
}

void OutputFile::keep(std::shared_ptr<const void> owner) { state_->owners.push_back(std::move(owner)); }

void OutputFile::wait_until_left(std::size_t submissions) { state_->writer->wait_until_left(submissions); }

double OutputFile::write_busy_s() const { return state_->writer->busy_s(); }

// Combines the block sums of all ranks; rank 0 writes them as the tables.
void OutputFile::State::sum_tables() {
  const auto count = comm.broadcast_value(header.datasets.size());
  int error = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto sums = writer->sums(i);
    comm.reduce_sum(sums);
    const auto written = comm.sum(writer->elements(i));
    if (!comm.is_root()) continue;
    auto& dataset = header.datasets[i];
    if (written != element_count(dataset.shape)) {
      misuse = fmt::format("{} of {} elements of output dataset {} were written: a bug in this program", written,
                           element_count(dataset.shape), dataset.name);
    }
    const auto bytes = std::as_bytes(std::span(sums));
    dataset.table_checksum = checksum_bytes(0, bytes);
    if (error == 0) error = files::write_all(file.get(), bytes, dataset.table.offset);
  }
  if (error != 0) misuse = fmt::format("cannot write {}: {}", partial_path, files::error_text(error));
}

OutputStats OutputFile::commit() {
  try {
    return state_->commit();
  } catch (...) {
    state_->partial.reset();  // at once, not when the owner lets go
    throw;
  }
}

OutputStats OutputFile::State::commit() {
  const double drain_start = now_s();
  const auto failure = writer->drain();
  const double sync_start = now_s();
  const double drain_s = sync_start - drain_start;
  mpi::together(comm, [&] {
    if (!misuse.empty()) throw system_error(misuse);
    if (failure.error != 0) {
      throw system_error(fmt::format("cannot write {} at byte {}: {}", partial_path, failure.offset,
                                     files::error_text(failure.error)));
    }
  });
  sum_tables();
  // Other nodes' pages first; rank 0's own fsync, after the tables and the header, flushes those of its node.
  mpi::together(comm, [&] {
    if (comm.is_root()) return;
    int error = is_node_leader ? files::sync_data(file.get()) : 0;
    if (const int close_error = file.close(); error == 0) error = close_error;
    if (error != 0) { throw system_error(fmt::format("{}: fdatasync: {}", partial_path, files::error_text(error))); }
  });
  mpi::together(comm, [&] {
    if (!misuse.empty()) throw system_error(misuse);
    if (comm.is_root()) publish();
  });
  removed_on_signal.reset();
  IoThread& thread = writer->thread();
  const double end = now_s();
  thread.note_sync(sync_start, end);
  thread.note_wait(drain_start, end);
  thread.note_durable(thread.timeline().submitted());
  OutputStats stats;
  stats.begin_s = start;
  stats.timeline = thread.timeline().since(start);
  stats.file = path;
  stats.bytes = comm.broadcast_value(header.file_bytes);
  stats.io_busy_s = comm.max(writer->busy_s());
  stats.stall_s = comm.max(writer->stall_s());
  stats.drain_s = comm.max(drain_s);
  stats.durable_s = comm.max(now_s() - start);
  stats.reserved = reserved;
  return stats;
}

void OutputFile::State::publish() {
  const auto text = to_text(header);
  if (const int error = files::write_all(file.get(), std::as_bytes(std::span(text)), 0)) {
    throw system_error(fmt::format("cannot write {}: {}", partial_path, files::error_text(error)));
  }
  partial->publish();
}

}  // namespace concdemo
