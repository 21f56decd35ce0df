#include "workloads/reduction_input.hpp"

#include "base/tally.hpp"

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
