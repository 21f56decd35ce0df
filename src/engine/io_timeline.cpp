#include "engine/io_timeline.hpp"

#include <algorithm>

namespace concdemo {
namespace {

void join(IoTimeline::Block& block, const IoTimeline::Block& next) {
  block.count += next.count;
  if (block.write_s == 0) block.write_begin_s = next.write_begin_s;
  if (next.write_s > 0) block.write_end_s = next.write_end_s;
  block.write_s += next.write_s;
  block.durable_s = next.durable_s;
}

// Two threads may sync at once: what they share counts once.
void join(IoTimeline::Span& span, const IoTimeline::Span& next) {
  const double shared_s = std::min(span.end_s, next.end_s) - std::max(span.begin_s, next.begin_s);
  span.busy_s += std::max(0.0, next.busy_s - std::max(0.0, shared_s));
  span.begin_s = std::min(span.begin_s, next.begin_s);
  span.end_s = std::max(span.end_s, next.end_s);
}

template <class Entry>
void add(std::vector<Entry>& entries, const Entry& entry) {
  entries.push_back(entry);
  if (entries.size() <= IoTimeline::most) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); i += 2, ++kept) {
    entries[kept] = entries[i];
    if (i + 1 < entries.size()) join(entries[kept], entries[i + 1]);
  }
  entries.resize(kept);
}

}  // namespace

void IoTimeline::submit(double now_s) {
  Block block;
  block.submitted_s = now_s;
  add(blocks_, block);
  ++submitted_;
}

void IoTimeline::write(double begin_s, double end_s) {
  std::uint64_t before = 0;
  for (Block& block : blocks_) {
    before += block.count;
    if (before <= written_) continue;
    if (block.write_s == 0) block.write_begin_s = begin_s;
    block.write_end_s = end_s;
    block.write_s += end_s - begin_s;
    break;
  }
  ++written_;
}

void IoTimeline::commit(std::uint64_t count, double now_s) {
  std::uint64_t before = 0;
  for (Block& block : blocks_) {
    before += block.count;
    if (before > count) return;
    if (block.durable_s == 0) block.durable_s = now_s;
  }
}

void IoTimeline::wait(double begin_s, double end_s) { add(waits_, {begin_s, end_s, end_s - begin_s}); }
void IoTimeline::sync(double begin_s, double end_s) { add(syncs_, {begin_s, end_s, end_s - begin_s}); }

IoTimeline IoTimeline::since(double start_s) const {
  IoTimeline shifted = *this;
  for (Block& block : shifted.blocks_) {
    for (double* seconds : {&block.submitted_s, &block.write_begin_s, &block.write_end_s, &block.durable_s}) {
      *seconds -= start_s;
    }
  }
  for (auto* spans : {&shifted.waits_, &shifted.syncs_}) {
    for (Span& span : *spans) span.begin_s -= start_s, span.end_s -= start_s;
  }
  return shifted;
}

}  // namespace concdemo
