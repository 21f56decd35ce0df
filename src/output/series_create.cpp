#include <fmt/format.h>

#include <bit>
#include <cstdlib>
#include <tuple>

#include "base/error.hpp"
#include "base/fault.hpp"
#include "format/checksum.hpp"
#include "format/verify_series.hpp"
#include "output/partial_file.hpp"
#include "output/series_state.hpp"
#include "output/skeleton.hpp"

namespace concdemo {
namespace {

Shape shape_of(const SeriesSpec& spec) { return {spec.snapshots, spec.y.values.size(), spec.x.values.size()}; }

std::vector<DatasetSpec> datasets_of(const SeriesSpec& spec) {
  const auto& [time, y, x] = std::tie(spec.time.name, spec.y.name, spec.x.name);
  const auto shape = shape_of(spec);
  std::vector<DatasetSpec> datasets{{spec.field.name, shape, {time, y, x}, spec.field.attributes},
                                    {time, {shape[0]}, {time}, spec.time.attributes}};
  for (const auto& scalar : spec.scalars) datasets.push_back({scalar.name, {shape[0]}, {time}, scalar.attributes});
  datasets.push_back({y, {shape[1]}, {y}, spec.y.attributes});
  datasets.push_back({x, {shape[2]}, {x}, spec.x.attributes});
  return datasets;
}

void check(const SeriesSpec& spec) {
  const auto shape = shape_of(spec);
  if (element_count(shape) == 0) {
    throw usage_error(fmt::format("{} snapshots of {}x{} elements make no file; use at least one of each", shape[0],
                                  shape[1], shape[2]));
  }
  if (spec.scalars.size() > max_scalars) throw system_error("too many scalars: a bug in this program");
  if (element_count(shape) > (std::uint64_t{1} << 59)) {
    throw usage_error(fmt::format("{} snapshots of {}x{} elements are larger than any file; use fewer or smaller ones",
                                  shape[0], shape[1], shape[2]));
  }
}

// All of it but snapshots, their table and the commit entries, which are zeros.
void put_contents(const PartialFile& partial, const SeriesSpec& spec, FileHeader& header) {
  const auto put = [&](std::span<const std::byte> bytes, std::uint64_t offset) {
    partial.file().write(bytes, offset, "header");
  };
  const std::vector<std::uint64_t> nothing(static_cast<std::size_t>(spec.snapshots), quiet_nan_bits());
  for (std::size_t i = 1; i < 2 + spec.scalars.size(); ++i) {
    put(std::as_bytes(std::span(nothing)), header.datasets[i].data.offset);
  }
  const auto first = header.datasets.size() - 2;
  for (const auto* axis : {&spec.y, &spec.x}) {
    auto& dataset = header.datasets[first + (axis == &spec.x ? 1 : 0)];
    std::vector<std::uint64_t> sums(block_count(axis->values.size()));
    add_block_checksums(0, axis->values, sums);
    dataset.table_checksum = checksum_bytes(0, std::as_bytes(std::span(sums)));
    put(std::as_bytes(std::span(axis->values)), dataset.data.offset);
    put(std::as_bytes(std::span(sums)), dataset.table.offset);
  }
  const auto text = to_text(header);
  put(std::as_bytes(std::span(text)), 0);
}

}  // namespace

std::unique_ptr<SeriesFile> SeriesFile::create(const mpi::Comm& comm, const SeriesSpec& spec,
                                               const WriterOptions& options) {
  files::ignore_size_signal();
  auto state = std::make_unique<State>(comm, options);
  state->stats.file = spec.path;
  mpi::together(comm, [&] {
    fault::arm(comm.rank());
    if (!comm.is_root()) return;
    check(spec);
    state->target = require_output_place(spec.path, spec.force);
    RunLock::require_place(state->target);
    require_checkpoint_place(state->target);
    const auto shape = shape_of(spec);
    state->xdmf.emplace(state->target, XdmfField{spec.field.name, shape[0], shape[1], shape[2]});
    state->xdmf->require_place();
    PartialFile partial(spec.path, spec.force);
    state->lock = RunLock::take(state->target);
    // For tests of a disk that fills in mid-run.
    const bool reserve = options.reserve && std::getenv("CONCDEMO_UNRESERVED") == nullptr;
    try {
      const auto datasets = datasets_of(spec);
      auto header = header_of(datasets, spec.attributes, SeriesPart{spec.snapshots, spec.scalars.size(), {}});
      state->stats.reserved = write_skeleton(partial, datasets, reserve, header);
      put_contents(partial, spec, header);
      state->xdmf->start({});  // before: one that is there may list more than the new file has
      partial.publish(true);
    } catch (...) {
      state->lock.remove();
      throw;
    }
  });
  state->stats.reserved = comm.broadcast_value(state->stats.reserved);
  state->open_everywhere();
  state->start_writing();
  mpi::on_root(comm, [&] {
    // One of an earlier file must not pass for this one's, with its parameters from other input.
    if (state->checkpoints->remove()) files::sync_folder_of(state->target, "names");
  });
  return std::unique_ptr<SeriesFile>(new SeriesFile(std::move(state)));
}

}  // namespace concdemo
