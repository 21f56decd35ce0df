#include "workloads/reduction_input.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <atomic>

#include "base/error.hpp"
#include "base/tally.hpp"
#include "base/team_failure.hpp"
#include "base/text.hpp"

namespace concdemo {

std::span<const double> ConversionBuffers::elements_of(std::size_t k, const OperandBlock& operand, std::size_t begin,
                                                       std::size_t count, ConvertCounts& counts) {
  if (!operand.doubles().empty()) return operand.doubles().subspan(begin, count);
  values[k].resize(elements);
  missing[k].resize(elements);
  counts += operand.convert(begin, {values[k].data(), count}, {missing[k].data(), count});
  return {values[k].data(), count};
}

std::size_t ConversionBuffers::load(const std::vector<OperandBlock>& operands, std::size_t begin, std::size_t count,
                                    ConvertCounts& counts) {
  bool any_missing = false;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    values[k].resize(elements);
    missing[k].resize(elements);
    const ConvertCounts found = operands[k].convert(begin, {values[k].data(), count}, {missing[k].data(), count});
    counts.inexact += found.inexact;
    any_missing |= found.missing > 0;
  }
  if (!any_missing) return count;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (missing[0][i] != 0 || missing[operands.size() - 1][i] != 0) continue;
    for (std::size_t k = 0; k < operands.size(); ++k) values[k][kept] = values[k][i];
    ++kept;
  }
  counts.missing += count - kept;
  return kept;
}

ReductionInput::ReductionInput(const Context& context, const Problem& problem)
    : context_(context),
      problem_(problem),
      part_(part_of(element_count(problem.size), static_cast<std::uint64_t>(context.comm.size()),
                    static_cast<std::uint64_t>(context.comm.rank()))) {
  if (FilePass::fits(problem.operands)) {
    mpi::together(context.comm, [&] { pass_.emplace(problem_.operands); });
    if (problem.schedule == Schedule::fixed) share_pieces();
    else claim_pieces();
    return;
  }
  if (problem.stream) {
    plan_ = plan_blocks(problem.operands, 0, problem.buffer_bytes);
    return;
  }
  if (problem.schedule == Schedule::dynamic) {
    pool_.emplace(context.comm, RankPool::Options{.threads = context.threads});
    block_ = std::clamp<std::uint64_t>(element_count(problem.size) / 256, 1 << 12, 1 << 18);
    return;
  }
  mpi::together(context.comm, [&] {
    for (const Operand& operand : problem.operands) {
      stored_.emplace_back(operand, part_.size());
      const bool is_read = operand.source == Operand::Source::file;
      tally::begin(is_read ? part_.size() * OperandBlock::element_bytes(operand) : 0, tally::Unit::bytes);
      OperandReader(operand).read(part_, stored_.back(), context.threads);
    }
  });
}

// How many threads can read at once, each with so much memory.
int ReductionInput::readers_at_once(std::uint64_t worker_bytes) const {
  if (worker_bytes > problem_.buffer_bytes) {
    throw usage_error(
        fmt::format("{} is stored in chunks that take {} to read, more than --buffers {}; give --buffers {}MiB",
                    describe(problem_.operands.front()), format_bytes(worker_bytes),
                    format_bytes(problem_.buffer_bytes), (worker_bytes - 1) / (1 << 20) + 1));
  }
  const std::uint64_t at_once = problem_.buffer_bytes / std::max<std::uint64_t>(worker_bytes, 1);
  return static_cast<int>(std::min(at_once, static_cast<std::uint64_t>(context_.threads)));
}

void ReductionInput::share_pieces() {
  std::uint64_t needed = 0;
  mpi::together(context_.comm, [&] {
    pieces_ = part_of(pass_->pieces(), static_cast<std::uint64_t>(context_.comm.size()),
                      static_cast<std::uint64_t>(context_.comm.rank()));
    located_ = pass_->locate(pieces_);
    needed = pass_->worker_bytes(located_);
  });
  needed = context_.comm.max(needed);
  mpi::together(context_.comm, [&] {
    for (int i = readers_at_once(needed); i > 0; --i) readers_.push_back(std::make_unique<FilePass::Worker>(*pass_));
  });
}

void ReductionInput::claim_pieces() {
  int threads = 0;
  // Where chunks lie is looked up when they are claimed; until then they may be as large as they can be.
  mpi::together(context_.comm, [&] { threads = readers_at_once(pass_->worker_bytes({})); });
  pool_.emplace(context_.comm, RankPool::Options{.threads = threads});
  block_ = std::clamp<std::uint64_t>(pass_->pieces() / 256, 1, 1 << 12);
}

hdf5::ReadCost ReductionInput::read_pieces(Range pieces, const FilePass::Worker::Use& use) {
  std::unique_ptr<FilePass::Worker> reader;
  {
    const std::lock_guard lock(workers_mutex_);
    if (!readers_.empty()) {
      reader = std::move(readers_.back());
      readers_.pop_back();
    }
  }
  if (!reader) reader = std::make_unique<FilePass::Worker>(*pass_);
  const FilePass::Located located = pass_->locate(pieces);
  for (std::uint64_t piece = pieces.begin; piece < pieces.end; ++piece) reader->read(piece, located, use);
  hdf5::ReadCost cost = reader->take_cost();
  cost.locate_s = located.seconds;
  const std::lock_guard lock(workers_mutex_);
  readers_.push_back(std::move(reader));
  return cost;
}

std::uint64_t ReductionInput::pass(const std::function<void(std::size_t, const std::vector<OperandBlock>&)>& use) {
  std::atomic<std::uint64_t> places = 0;
  mpi::together(context_.comm, [&] {
    tally::begin(pass_->bytes(pieces_), tally::Unit::bytes);
    TeamFailure failure;
    const auto team = static_cast<int>(readers_.size());
#pragma omp parallel num_threads(team)
    {
      const auto thread = static_cast<std::size_t>(omp_get_thread_num());
#pragma omp for schedule(dynamic)
      for (std::uint64_t piece = pieces_.begin; piece < pieces_.end; ++piece) {
        failure.attempt(piece, [&] {
          readers_[thread]->read(piece, located_, [&](const auto& blocks) { use(thread, blocks); });
          places += 2 * piece + 1;
        });
      }
    }
    failure.rethrow();
    pass_->require_unchanged();
    hdf5::ReadCost cost;
    for (const auto& reader : readers_) cost += reader->take_cost();
    reading_ = Reading{cost.bytes, cost.chunks, located_.seconds, cost.read_s / team, cost.decode_s / team, 0};
  });
  return places;
}

std::shared_ptr<ReductionInput::Worker> ReductionInput::take_worker() {
  {
    const std::lock_guard lock(workers_mutex_);
    if (!idle_workers_.empty()) {
      auto worker = std::move(idle_workers_.back());
      idle_workers_.pop_back();
      return worker;
    }
  }
  auto worker = std::make_shared<Worker>();
  for (const Operand& operand : problem_.operands) {
    worker->readers.emplace_back(operand);
    worker->stored.emplace_back(operand, block_);
  }
  return worker;
}

void ReductionInput::give_back(const std::shared_ptr<Worker>& worker) {
  const std::lock_guard lock(workers_mutex_);
  idle_workers_.push_back(worker);
}

void ReductionInput::load(Range range, Worker& worker) const {
  for (std::size_t i = 0; i < worker.readers.size(); ++i) worker.readers[i].read(range, worker.stored[i], 1);
}

void ReductionInput::stream(const std::function<void(const ReadAhead::Block&)>& use) {
  pipeline_ = stream_blocks(context_.comm, *plan_, part_, use);
}

Pipeline stream_blocks(const mpi::Comm& comm, const BlockPlan& plan, Range part,
                       const std::function<void(const ReadAhead::Block&)>& use) {
  Pipeline pipeline;
  mpi::together(comm, [&] {
    const double start = now_s();
    ReadAhead ahead(plan, part);
    pipeline.begin_s = start;
    pipeline.block_elements = plan.elements;
    tally::begin((part.size() + plan.elements - 1) / plan.elements, tally::Unit::blocks);
    while (const auto block = ahead.next()) {
      const double begin = now_s();
      use(*block);
      pipeline.compute_s += now_s() - begin;
      ++pipeline.blocks;
      tally::add(tally::Unit::blocks, 1);
    }
    pipeline.reads = ahead.reads();
    pipeline.waits = ahead.waits();
    for (const auto& read : pipeline.reads.list()) pipeline.read_s += read.busy_s;
    pipeline.wall_s = now_s() - start;
  });
  return pipeline;
}

}  // namespace concdemo
