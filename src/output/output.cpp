#include "output/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/fault.hpp"
#include "format/checksum.hpp"
#include "format/file_header.hpp"
#include "output/block_writer.hpp"
#include "output/partial_file.hpp"
#include "output/skeleton.hpp"
#include "system/file.hpp"

namespace concdemo {
namespace {

void require_possible(const FileSpec& spec) {
  for (const auto& dataset : spec.datasets) {
    if (element_count(dataset.shape) <= (std::uint64_t{1} << 59)) continue;
    throw usage_error(fmt::format("output dataset {} of {} elements is larger than any file; use a smaller size",
                                  dataset.name, to_text(dataset.shape)));
  }
}

}  // namespace

struct OutputFile::State {
  explicit State(const mpi::Comm& all) : comm(all), is_node_leader(all.split_by_node().is_root()) {}

  const mpi::Comm& comm;
  const bool is_node_leader;
  OutputStats stats;                                 // as far as known
  FileHeader header;                                 // rank 0; table checksums are known at the end
  std::optional<PartialFile> partial;                // rank 0
  std::optional<RemovedOnSignal> removed_on_signal;  // other ranks: a launcher may end them first
  files::File file;
  std::vector<std::shared_ptr<OutputArray>> arrays;
  std::vector<std::shared_ptr<const void>> owners;  // of submitted data
  std::optional<BlockWriter> writer;                // last: stops before the file closes

  OutputStats commit();
  void publish();
};

OutputFile::OutputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutputFile::~OutputFile() = default;

std::unique_ptr<OutputFile> OutputFile::create(const mpi::Comm& comm, const FileSpec& spec,
                                               const WriterOptions& options) {
  files::ignore_size_signal();
  const double begin_s = now_s();
  auto state = std::make_unique<State>(comm);
  state->stats.begin_s = begin_s;
  state->stats.file = spec.path;
  std::string path;  // of the partial file
  mpi::together(comm, [&] {
    fault::arm(comm.rank());
    if (!comm.is_root()) return;
    state->header = header_of(spec.datasets, spec.attributes);
    state->partial.emplace(spec.path, spec.force);
    path = state->partial->path();
    try {
      require_possible(spec);
      state->stats.reserved = write_skeleton(*state->partial, spec.datasets, options.reserve, state->header);
    } catch (...) {
      state->partial.reset();  // before any rank learns of it
      throw;
    }
  });
  path = comm.broadcast(path);
  state->stats.reserved = comm.broadcast_value(state->stats.reserved);
  state->stats.bytes = comm.broadcast_value(state->header.file_bytes);
  for (std::size_t i = 0; i < spec.datasets.size(); ++i) {
    const auto offset = comm.broadcast_value(comm.is_root() ? state->header.datasets[i].data.offset : 0);
    const auto elements = element_count(spec.datasets[i].shape);
    state->arrays.push_back(std::make_shared<OutputArray>(state->file, offset, elements));
  }
  mpi::together(comm, [&] {
    files::Descriptor file;
    if (const int error = files::open(path, O_RDWR, file)) {
      throw system_error(fmt::format("cannot open {}, which rank 0 made: {}; the folder must be shared by all nodes",
                                     path, files::error_text(error)));
    }
    state->file = {std::move(file), path};
    if (!comm.is_root()) state->removed_on_signal.emplace(path, state->file.get());
    state->writer.emplace(options);
  });
  return std::unique_ptr<OutputFile>(new OutputFile(std::move(state)));
}

void OutputFile::submit(std::size_t dataset, std::uint64_t first_element, std::uint64_t stride,
                        const MatrixView& rows) {
  state_->writer->submit(state_->arrays.at(dataset), first_element, stride, rows);
}

void OutputFile::keep(std::shared_ptr<const void> owner) { state_->owners.push_back(std::move(owner)); }

void OutputFile::wait_until_left(std::size_t submissions) { state_->writer->thread().wait_until_left(submissions); }

double OutputFile::write_busy_s() const { return state_->writer->thread().busy_s(); }

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
  writer->drain();
  const double sync_start = now_s();
  stats.drain_s = sync_start - drain_start;
  mpi::together(comm, [&] {
    if (const auto failure = writer->failure(); failure.failed()) throw Error(failure.code, failure.text);
  });
  for (auto& array : arrays) comm.reduce_sum(array->sums);
  // Other nodes' pages first; rank 0's own fsync, after the tables and the header, flushes those of its node.
  mpi::together(comm, [&] {
    if (comm.is_root()) return;
    if (is_node_leader) file.sync_data("sync");
    file.close();
  });
  mpi::on_root(comm, [&] { publish(); });
  removed_on_signal.reset();
  return complete(std::move(stats), comm, writer->thread(), drain_start, sync_start);
}

// Rank 0: the tables are the sums of all ranks.
void OutputFile::State::publish() {
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    auto& dataset = header.datasets[i];
    const auto& sums = arrays[i]->sums;
    if (sums.back() != arrays[i]->elements) {
      throw system_error(fmt::format("{} of {} elements of output dataset {} were written: a bug in this program",
                                     sums.back(), arrays[i]->elements, dataset.name));
    }
    const auto table = std::as_bytes(std::span(sums).first(sums.size() - 1));
    dataset.table_checksum = checksum_bytes(0, table);
    file.write(table, dataset.table.offset, "table");
  }
  const auto text = to_text(header);
  file.write(std::as_bytes(std::span(text)), 0, "header");
  partial->publish();
}

}  // namespace concdemo
