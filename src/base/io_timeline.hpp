#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace concdemo {

// When something happened again and again, in a size that does not grow: where there are more than `most`, neighbours
// are joined. Seconds of one clock; not safe to call from two threads at once.
class Spans {
 public:
  static constexpr std::size_t most = 64;

  struct Span {
    double begin_s = 0;
    double end_s = 0;
    double busy_s = 0;  // less than end_s - begin_s where several are joined
  };

  void add(double begin_s, double end_s);
  const std::vector<Span>& list() const { return list_; }
  Spans since(double start_s) const;  // with all times counted from there

 private:
  std::vector<Span> list_;
};

// When a rank's output happened, as few entries as in Spans.
class IoTimeline {
 public:
  static constexpr std::size_t most = Spans::most;

  // Some submissions in a row: the first was handed over at submitted_s and began to be written at write_begin_s, the
  // last was written at write_end_s and durable at durable_s. No copy is made, so that a block is free when it is
  // written.
  struct Block {
    std::uint64_t count = 1;
    double submitted_s = 0;
    double write_begin_s = 0;
    double write_end_s = 0;
    double write_s = 0;  // spent in checksums and writes between the two
    double durable_s = 0;
  };
  void submit(double now_s);                       // one more
  void write(double begin_s, double end_s);        // the next one that was not written
  void commit(std::uint64_t count, double now_s);  // the first `count` of all are durable now
  void wait(double begin_s, double end_s);         // the main thread, for the writer or for the disk
  void sync(double begin_s, double end_s);         // fdatasync, and what is written when the data are durable

  std::uint64_t submitted() const { return submitted_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  const std::vector<Spans::Span>& waits() const { return waits_.list(); }
  const std::vector<Spans::Span>& syncs() const { return syncs_.list(); }
  IoTimeline since(double start_s) const;

 private:
  std::uint64_t submitted_ = 0, written_ = 0;
  std::vector<Block> blocks_;
  Spans waits_, syncs_;
};

}  // namespace concdemo
