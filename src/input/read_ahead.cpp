#include "input/read_ahead.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "system/signals.hpp"

namespace concdemo {
namespace {

// Memory of an operand's reader: a slab of contiguous storage, else whole chunks and HDF5's cache of them.
std::uint64_t reader_bytes(const Operand& operand, std::uint64_t buffer_bytes) {
  if (operand.source != Operand::Source::file) return 0;
  if (operand.dataset.chunk.empty()) return std::min<std::uint64_t>(buffer_bytes / 8, 1 << 20);
  const std::uint64_t chunk = element_count(operand.dataset.chunk) * OperandBlock::element_bytes(operand);
  return std::max(chunk, std::min<std::uint64_t>(buffer_bytes / 4, 32 << 20));
}

// Elements of a row of chunks: what lies between two multiples of the chunk's first extent.
std::uint64_t chunk_row(const Operand& operand) {
  if (operand.source != Operand::Source::file || operand.dataset.chunk.empty()) return 1;
  std::uint64_t row = operand.dataset.chunk.front();
  for (std::size_t d = 1; d < operand.shape.size(); ++d) row *= operand.shape[d];
  return std::max<std::uint64_t>(row, 1);
}

}  // namespace

BlockPlan plan_blocks(const std::vector<Operand>& operands, int outputs, std::uint64_t buffer_bytes) {
  constexpr std::uint64_t least_elements = 4096;
  std::uint64_t readers = 0;
  std::uint64_t element = static_cast<std::uint64_t>(outputs) * sizeof(double);
  BlockPlan plan;
  for (const Operand& operand : operands) {
    plan.operands.push_back(operand);
    plan.operands.back().buffer_bytes = reader_bytes(operand, buffer_bytes);
    readers += plan.operands.back().buffer_bytes;
    element += OperandBlock::element_bytes(operand);
  }
  element *= blocks_in_memory;
  const std::uint64_t left = buffer_bytes - std::min(buffer_bytes, readers);
  if (left / element < least_elements) {
    const std::uint64_t needed = 4 * std::max(readers, least_elements * element);
    throw usage_error(fmt::format("--buffers {} is too small to pass {} through it block by block; give --buffers {}",
                                  format_bytes(buffer_bytes), describe(operands.front()), needed));
  }
  plan.elements = left / element;
  const std::uint64_t row = chunk_row(operands.front());
  if (plan.elements > row) plan.elements -= plan.elements % row;
  return plan;
}

ReadAhead::ReadAhead(const BlockPlan& plan, Range range) : plan_(plan), range_(range) {
  const std::uint64_t most = std::min(plan.elements, range.size());
  for (std::size_t slot = 0; slot < blocks_in_memory; ++slot) {
    auto& operands = slots_.emplace_back();
    for (const Operand& operand : plan.operands) operands.emplace_back(operand, most);
  }
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadAhead::run() noexcept {
  try {
    std::vector<OperandReader> readers;
    for (const Operand& operand : plan_.operands) readers.emplace_back(operand);
    std::unique_lock lock(mutex_);
    for (std::uint64_t begin = range_.begin; begin < range_.end; begin += plan_.elements) {
      // The block that next() returned last is still in use.
      changed_.wait(lock, [&] { return stop_ || read_ < taken_ + blocks_in_memory - (taken_ > 0 ? 1 : 0); });
      if (stop_) return;
      auto& slot = slots_[static_cast<std::size_t>(read_ % blocks_in_memory)];
      lock.unlock();
      const double start = now_s();
      for (std::size_t i = 0; i < readers.size(); ++i) {
        readers[i].read({begin, std::min(range_.end, begin + plan_.elements)}, slot[i], 1);
      }
      const double end = now_s();
      lock.lock();
      reads_.add(start, end);
      ++read_;
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

std::optional<ReadAhead::Block> ReadAhead::next() {
  std::unique_lock lock(mutex_);
  const std::uint64_t begin = range_.begin + taken_ * plan_.elements;
  if (begin >= range_.end) return {};
  ++taken_;  // lets go of the last block
  changed_.notify_all();
  const double start = now_s();
  changed_.wait(lock, [&] { return read_ >= taken_ || failure_; });
  waits_.add(start, now_s());
  if (read_ < taken_) std::rethrow_exception(failure_);
  return Block{{begin, std::min(range_.end, begin + plan_.elements)},
               &slots_[static_cast<std::size_t>((taken_ - 1) % blocks_in_memory)]};
}

Spans ReadAhead::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
}

Spans ReadAhead::waits() const {
  const std::lock_guard lock(mutex_);
  return waits_;
}

}  // namespace concdemo
