#pragma once
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/io_timeline.hpp"
#include "input/operand_block.hpp"

namespace concdemo {

// How data larger than memory passes through a rank: blocks of `elements`, three of them in memory for each operand
// (one read, one computed, one ready), three for each output (one computed, two written).
struct BlockPlan {
  std::uint64_t elements = 0;
  std::vector<Operand> operands;  // their readers' buffers cut to what is left
};
constexpr std::size_t blocks_in_memory = 3;

// The plan for `buffer_bytes` in all, of float64 outputs; whole rows of chunks to a block where there is room for them.
// Throws usage Error naming --buffers where there is too little.
BlockPlan plan_blocks(const std::vector<Operand>& operands, int outputs, std::uint64_t buffer_bytes);

// Blocks of operands, read ahead in order by a thread of its own.
class ReadAhead {
 public:
  // Of elements [range.begin, range.end); `plan` outlives it.
  ReadAhead(const BlockPlan& plan, Range range);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  struct Block {
    Range range;
    const std::vector<OperandBlock>* operands = nullptr;
  };
  // The next block, good until the next call; nothing at the end. Throws what the reader met.
  std::optional<Block> next();
  // When the reader read, and when next() waited for it, so far.
  Spans reads() const;
  Spans waits() const;

 private:
  void run() noexcept;

  const BlockPlan& plan_;
  const Range range_;
  std::vector<std::vector<OperandBlock>> slots_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t read_ = 0;   // blocks that were read so far
  std::uint64_t taken_ = 0;  // that next() has returned
  bool stop_ = false;
  std::exception_ptr failure_;
  Spans reads_, waits_;
  std::thread thread_;
};

}  // namespace concdemo
