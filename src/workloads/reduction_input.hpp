#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/tally.hpp"
#include "input/operand_block.hpp"
#include "input/read_ahead.hpp"
#include "kernels/accumulate_parts.hpp"
#include "pool/rank_pool.hpp"
#include "workloads/workload.hpp"

// The elements of a problem's operands as a reduction sees them, wherever they are: in memory, in blocks that workers
// claim (--schedule dynamic), or passing through a few buffers because they are larger than memory.
namespace concdemo {

// A state and what was met on the way to it; what ranks combine in one collective.
template <class State>
struct Counted {
  State state;
  ConvertCounts counts;
  void merge(const Counted& other) {
    state.merge(other.state);
    counts += other.counts;
  }
};

// A thread's buffers for elements that need conversion: they stay in its second cache level.
struct ConversionBuffers {
  static constexpr std::size_t elements = 1 << 15;
  std::vector<double> values[2];
  std::vector<std::uint8_t> missing[2];
  // Elements [begin, begin + count) of operand k, missing ones as NaN: themselves, or converted in values[k].
  std::span<const double> elements_of(std::size_t k, const OperandBlock& operand, std::size_t begin, std::size_t count,
                                      ConvertCounts& counts);
  // Those of all operands (one or two), without what is missing in any of them; returns how many are left.
  std::size_t load(const std::vector<OperandBlock>& operands, std::size_t begin, std::size_t count,
                   ConvertCounts& counts);
};

// add(state, x, y) over elements [begin, end), in as few calls as can be; y is x where there is one operand. `add`
// takes spans of double, and of float if it can.
template <class State, class Add>
void add_elements(const std::vector<OperandBlock>& operands, std::size_t begin, std::size_t end, const Add& add,
                  Counted<State>& into) {
  const OperandBlock& x = operands.front();
  const OperandBlock& y = operands.back();
  if (begin == end) return;
  // Whether elements [first, last) are of type T in both operands, and none is missing: then they are added as they
  // are.
  const auto add_plain = [&]<class T>(T, std::size_t first, std::size_t last) {
    const auto left = x.plain<T>(first, last);
    if (left.empty()) return false;
    const auto right = &x == &y ? left : y.plain<T>(first, last);
    if (right.empty()) return false;
    add(into.state, left, right);
    return true;
  };
  const auto add_unconverted = [&](std::size_t first, std::size_t last) {
    using Floats = std::span<const float>;
    if (add_plain(double(), first, last)) return true;
    if constexpr (std::is_invocable_v<const Add&, State&, Floats, Floats>) return add_plain(float(), first, last);
    else return false;
  };
  if (!x.may_miss() && !y.may_miss() && add_unconverted(begin, end)) return;
  thread_local ConversionBuffers buffers;
  for (std::size_t at = begin; at < end; at += ConversionBuffers::elements) {
    const std::size_t count = std::min(ConversionBuffers::elements, end - at);
    if (add_unconverted(at, at + count)) continue;
    const std::size_t kept = buffers.load(operands, at, count, into.counts);
    const std::span<const double> values(buffers.values[0].data(), kept);
    const std::span<const double> others(buffers.values[operands.size() - 1].data(), kept);
    add(into.state, values, others);
  }
}

// Collective: every block of this rank's part, read ahead; `use` is the computing.
Pipeline stream_blocks(const mpi::Comm& comm, const BlockPlan& plan, Range part,
                       const std::function<void(const ReadAhead::Block&)>& use);

class ReductionInput {
 public:
  // Collective: loads this rank's part, unless it is claimed or streamed. Both arguments outlive it.
  ReductionInput(const Context& context, const Problem& problem);

  // Collective: all elements of all ranks in one state, the same everywhere; `counts` become those of this pass.
  template <class State, class Add>
  State reduce(const Add& add, ConvertCounts& counts) {
    const Counted<State> all =
        pool_ ? claimed<State>(add) : combined(plan_ ? streamed<State>(add) : in_memory<State>(add));
    counts = all.counts;
    return all.state;
  }

  const std::optional<Pipeline>& pipeline() const { return pipeline_; }  // of the last pass, where it was streamed

 private:
  struct Worker {  // what a claimed block is loaded with
    std::vector<OperandReader> readers;
    std::vector<OperandBlock> stored;
  };

  template <class State>
  Counted<State> combined(const Counted<State>& mine) const {
    return context_.comm.combine<Counted<State>>(mine, merge<State>);
  }
  template <class State>
  static void merge(const Counted<State>& in, Counted<State>& inout) {
    inout.merge(in);
  }

  template <class State, class Add>
  Counted<State> over(const std::vector<OperandBlock>& operands, int threads, const Add& add) const {
    return accumulate_parts<Counted<State>>(static_cast<std::size_t>(operands.front().size()), threads,
                                            [&](Counted<State>& mine, std::size_t begin, std::size_t end) {
                                              add_elements(operands, begin, end, add, mine);
                                            });
  }

  template <class State, class Add>
  Counted<State> in_memory(const Add& add) const {
    return over<State>(stored_, context_.threads, add);
  }

  template <class State, class Add>
  Counted<State> claimed(const Add& add) {
    const std::uint64_t elements = element_count(problem_.size);
    const std::uint64_t blocks = (elements + block_ - 1) / block_;
    tally::begin(blocks, tally::Unit::blocks);
    const auto count = [seen = std::uint64_t{0}](std::uint64_t begun, std::uint64_t) mutable {
      tally::add(tally::Unit::blocks, begun - std::exchange(seen, begun));
    };
    return pool_->map_reduce<Counted<State>>(
        Indices{blocks},
        [&](std::uint64_t i) {
          const auto worker = take_worker();
          load({i * block_, std::min(elements, (i + 1) * block_)}, *worker);
          Counted<State> found;
          add_elements(worker->stored, 0, static_cast<std::size_t>(worker->stored.front().size()), add, found);
          give_back(worker);
          return found;
        },
        merge<State>, {}, {.chunk = 1, .progress = count});
  }

  template <class State, class Add>
  Counted<State> streamed(const Add& add) {
    Counted<State> found;
    stream([&](const ReadAhead::Block& block) { found.merge(over<State>(*block.operands, context_.threads, add)); });
    return found;
  }

  void stream(const std::function<void(const ReadAhead::Block&)>& use);  // collective: every block of this rank's part
  std::shared_ptr<Worker> take_worker();
  void give_back(const std::shared_ptr<Worker>& worker);
  void load(Range range, Worker& worker) const;

  const Context& context_;
  const Problem& problem_;
  const Range part_;  // this rank's, where it has one
  std::vector<OperandBlock> stored_;
  std::optional<RankPool> pool_;
  std::uint64_t block_ = 0;  // elements of a claimed block
  std::mutex workers_mutex_;
  std::vector<std::shared_ptr<Worker>> idle_workers_;
  std::optional<BlockPlan> plan_;
  std::optional<Pipeline> pipeline_;
};

}  // namespace concdemo
