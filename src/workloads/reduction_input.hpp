#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/tally.hpp"
#include "input/file_pass.hpp"
#include "input/operand_block.hpp"
#include "input/read_ahead.hpp"
#include "kernels/accumulate_parts.hpp"
#include "pool/rank_pool.hpp"
#include "workloads/descriptor.hpp"
#include "workloads/own_options.hpp"
#include "workloads/reduction_check.hpp"
#include "workloads/workload.hpp"

// The elements of a problem's operands as a reduction sees them, wherever they are: in memory, in blocks that workers
// claim (--schedule dynamic), in a pass over the chunks of their files, or passing through a few buffers.
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
  static void merge_into(const Counted& in, Counted& inout) { inout.merge(in); }
};

// What a pass over elements leaves of a Kernel (see reduction.hpp): beside the exact state what that is checked by,
// which takes another way over the ranks.
template <class Kernel>
struct Reduced : Counted<typename Kernel::State> {
  typename Kernel::Check check;
  std::uint64_t missing = 0;                   // as the check has it
  std::uint64_t places = 0, right_places = 0;  // sum of 2 p + 1 over pieces p of a pass: P^2 if each was taken once
  double check_s = 0;                          // that the check took; of threads, added up
  void merge(const Reduced& other) {
    Counted<typename Kernel::State>::merge(other);
    check.merge(other.check);
    check_s += other.check_s;
  }
};

// A Kernel by its scalar path, with nothing beside it.
template <class Kernel>
struct Scalar {
  using State = typename Kernel::State;
  struct Check {
    void merge(const Check&) {}
  };
  static constexpr bool takes_floats = false;
  static void add(State& state, std::span<const double> x, std::span<const double> y) {
    Kernel::add_reference(state, x, y);
  }
  static void add_check(Check&, std::span<const double>, std::span<const double>) {}
  friend void total_over_ranks(const mpi::Comm&, Check&) {}
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

// add(x, y) over elements [begin, end), in as few calls as can be; y is x where there is one operand. `add` takes spans
// of double, and of float where it is said so.
template <bool takes_floats, class Add>
void add_elements(const std::vector<OperandBlock>& operands, std::size_t begin, std::size_t end, const Add& add,
                  ConvertCounts& counts) {
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
    add(left, right);
    return true;
  };
  const auto add_unconverted = [&](std::size_t first, std::size_t last) {
    if (add_plain(double(), first, last)) return true;
    if constexpr (takes_floats) return add_plain(float(), first, last);
    else return false;
  };
  if (!x.may_miss() && !y.may_miss() && add_unconverted(begin, end)) return;
  thread_local ConversionBuffers buffers;
  for (std::size_t at = begin; at < end; at += ConversionBuffers::elements) {
    const std::size_t count = std::min(ConversionBuffers::elements, end - at);
    if (add_unconverted(at, at + count)) continue;
    const std::size_t kept = buffers.load(operands, at, count, counts);
    add(std::span<const double>(buffers.values[0].data(), kept),
        std::span<const double>(buffers.values[operands.size() - 1].data(), kept));
  }
}

// Collective: every block of this rank's part, read ahead; `use` is the computing.
Pipeline stream_blocks(const mpi::Comm& comm, const BlockPlan& plan, Range part,
                       const std::function<void(const ReadAhead::Block&)>& use);

class ReductionInput {
 public:
  // Collective: loads this rank's part, unless it is claimed or streamed. Both arguments outlive it.
  ReductionInput(const Context& context, const Problem& problem);

  // Collective: all elements of all ranks, the same everywhere, but for the check, which is of this rank's: made of
  // each block while it is there, or by complete_check() where the elements stay in memory.
  template <class Kernel>
  Reduced<Kernel> reduce() {
    using All = Counted<typename Kernel::State>;
    Reduced<Kernel> mine;
    All all;
    if (pool_) {
      mine = claimed<Kernel>(all);
    } else {
      mine = pass_   ? passed<Kernel>()
             : plan_ ? streamed<Kernel>()
                     : over<Kernel>(stored_, context_.threads, Parts::state);
      all = context_.comm.combine<All>(mine, All::merge_into);
    }
    is_checked_ = pool_ || pass_ || plan_;
    mine.missing = mine.counts.missing;
    static_cast<All&>(mine) = all;
    return mine;
  }

  // Collective: makes the check of what the last reduce() left that of all ranks; where the elements are in memory,
  // they are gone through now.
  template <class Kernel>
  void complete_check(Reduced<Kernel>& reduced) const {
    if (!is_checked_) reduced.check = over<Kernel>(stored_, context_.threads, Parts::check).check;
    total_over_ranks(context_.comm, reduced.check);
    reduced.missing = context_.comm.sum(reduced.missing);
    reduced.places = context_.comm.sum(reduced.places);
  }

  const std::optional<Reading>& reading() const { return reading_; }
  const std::optional<Pipeline>& pipeline() const { return pipeline_; }  // of the last pass, where it was streamed

 private:
  struct Worker {  // what a claimed block is loaded with
    std::vector<OperandReader> readers;
    std::vector<OperandBlock> stored;
  };

  enum class Parts { state, check, both };

  template <class Kernel>
  static void add(const std::vector<OperandBlock>& operands, std::size_t begin, std::size_t end, Parts parts,
                  Reduced<Kernel>& into) {
    const auto add_both = [&](auto x, auto y) {
      if (parts != Parts::check) Kernel::add(into.state, x, y);
      if (parts == Parts::state) return;
      const double start = now_s();
      Kernel::add_check(into.check, x, y);
      into.check_s += now_s() - start;
    };
    add_elements<Kernel::takes_floats>(operands, begin, end, add_both, into.counts);
  }

  template <class Kernel>
  Reduced<Kernel> over(const std::vector<OperandBlock>& operands, int threads, Parts parts) const {
    return accumulate_parts<Reduced<Kernel>>(
        static_cast<std::size_t>(operands.front().size()), threads,
        [&](Reduced<Kernel>& mine, std::size_t begin, std::size_t end) { add(operands, begin, end, parts, mine); });
  }

  template <class Kernel>
  Reduced<Kernel> passed() {
    std::vector<Reduced<Kernel>> found(static_cast<std::size_t>(context_.threads));
    const std::uint64_t places = pass([&](std::size_t thread, const std::vector<OperandBlock>& blocks) {
      add(blocks, 0, static_cast<std::size_t>(blocks.front().size()), Parts::both, found[thread]);
    });
    for (std::size_t i = 1; i < found.size(); ++i) found[0].merge(found[i]);
    found[0].places = places;
    found[0].right_places = pass_->pieces() * pass_->pieces();
    reading_->check_s = found[0].check_s / static_cast<double>(readers_.size());
    if (context_.comm.is_root()) found[0].counts.missing += pass_->not_stored();
    return found[0];
  }

  template <class Kernel>
  Reduced<Kernel> claimed(Counted<typename Kernel::State>& all) {
    using All = Counted<typename Kernel::State>;
    const std::uint64_t items = pass_ ? pass_->pieces() : element_count(problem_.size);
    const std::uint64_t blocks = (items + block_ - 1) / block_;
    tally::begin(blocks, tally::Unit::blocks);
    const auto count = [seen = std::uint64_t{0}](std::uint64_t begun, std::uint64_t) mutable {
      tally::add(tally::Unit::blocks, begun - std::exchange(seen, begun));
    };
    Reduced<Kernel> mine;
    hdf5::ReadCost cost;
    std::mutex mutex;
    const auto claim = [&](std::uint64_t i) {
      const Range block{i * block_, std::min(items, (i + 1) * block_)};
      Reduced<Kernel> found;
      const auto add_all = [&](const std::vector<OperandBlock>& operands) {
        add(operands, 0, static_cast<std::size_t>(operands.front().size()), Parts::both, found);
      };
      hdf5::ReadCost read;
      if (pass_) {
        read = read_pieces(block, add_all);
        found.places = block.end * block.end - block.begin * block.begin;
      } else {
        const auto worker = take_worker();
        load(block, *worker);
        add_all(worker->stored);
        give_back(worker);
      }
      const std::lock_guard lock(mutex);
      mine.check.merge(found.check);
      mine.check_s += found.check_s;
      mine.counts += found.counts;
      mine.places += found.places;
      cost += read;
      return All(found);
    };
    all = pool_->map_reduce<All>(Indices{blocks}, claim, All::merge_into, {}, {.chunk = 1, .progress = count});
    if (pass_) {
      const auto team = static_cast<double>(context_.threads);
      reading_ = Reading{cost.bytes,         cost.chunks,          cost.locate_s / team,
                         cost.read_s / team, cost.decode_s / team, mine.check_s / team};
      mine.right_places = pass_->pieces() * pass_->pieces();
      if (context_.comm.is_root()) mine.counts.missing += pass_->not_stored();
      all.counts.missing += pass_->not_stored();
      mpi::together(context_.comm, [&] { pass_->require_unchanged(); });
    }
    return mine;
  }

  template <class Kernel>
  Reduced<Kernel> streamed() {
    Reduced<Kernel> found;
    stream([&](const ReadAhead::Block& block) {
      found.merge(over<Kernel>(*block.operands, context_.threads, Parts::both));
    });
    return found;
  }

  int readers_at_once(std::uint64_t worker_bytes) const;
  void share_pieces();
  void claim_pieces();
  hdf5::ReadCost read_pieces(Range pieces, const FilePass::Worker::Use& use);
  // Collective: every block of this rank's part, by threads numbered from 0. Returns Reduced::places.
  std::uint64_t pass(const std::function<void(std::size_t thread, const std::vector<OperandBlock>&)>& use);
  void stream(const std::function<void(const ReadAhead::Block&)>& use);
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
  std::optional<FilePass> pass_;
  Range pieces_;  // of the pass, this rank's
  FilePass::Located located_;
  std::vector<std::unique_ptr<FilePass::Worker>> readers_;  // one a thread
  std::optional<BlockPlan> plan_;
  std::optional<Reading> reading_;
  std::optional<Pipeline> pipeline_;
  bool is_checked_ = false;  // by the last reduce()
};

inline bool verifies_by_scalar(const Problem& problem) { return own<ReductionOptions>(problem).verify_by_scalar; }

// disagreement() of what a pass left, and the value where it is one.
template <class Kernel, class... Value>
std::string disagreement(const Reduced<Kernel>& reduced, std::uint64_t n, Value... value) {
  if (reduced.places != reduced.right_places) return "a part of the file was left out, or taken twice";
  return disagreement(reduced.check, {n, reduced.counts.missing, reduced.missing}, reduced.state, value...);
}

}  // namespace concdemo
