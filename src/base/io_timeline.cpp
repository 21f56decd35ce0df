#include "base/io_timeline.hpp"

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
void join(Spans::Span& span, const Spans::Span& next) {
  const double shared_s = std::min(span.end_s, next.end_s) - std::max(span.begin_s, next.begin_s);
  span.busy_s += std::max(0.0, next.busy_s - std::max(0.0, shared_s));
  span.begin_s = std::min(span.begin_s, next.begin_s);
  span.end_s = std::max(span.end_s, next.end_s);
}

template <class Entry>
void append(std::vector<Entry>& entries, const Entry& entry) {
  entries.push_back(entry);
  if (entries.size() <= Spans::most) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); i += 2, ++kept) {
    entries[kept] = entries[i];
    if (i + 1 < entries.size()) join(entries[kept], entries[i + 1]);
  }
  entries.resize(kept);
}

}  // namespace

void Spans::add(double begin_s, double end_s) { append(list_, {begin_s, end_s, end_s - begin_s}); }

Spans Spans::since(double start_s) const {
  Spans shifted = *this;
  for (Span& span : shifted.list_) span.begin_s -= start_s, span.end_s -= start_s;
  return shifted;
}

void IoTimeline::submit(double now_s) {
  Block block;
  block.submitted_s = now_s;
  append(blocks_, block);
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

void IoTimeline::wait(double begin_s, double end_s) { waits_.add(begin_s, end_s); }
void IoTimeline::sync(double begin_s, double end_s) { syncs_.add(begin_s, end_s); }

IoTimeline IoTimeline::since(double start_s) const {
  IoTimeline shifted = *this;
  for (Block& block : shifted.blocks_) {
    for (double* seconds : {&block.submitted_s, &block.write_begin_s, &block.write_end_s, &block.durable_s}) {
      *seconds -= start_s;
    }
  }
  shifted.waits_ = waits_.since(start_s);
  shifted.syncs_ = syncs_.since(start_s);
  return shifted;
}

}  // namespace concdemo
