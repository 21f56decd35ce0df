// Messages between ranks: who waits for whom, who is missing, whose buffer it is.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/text.hpp"
#include "lessons/mistake.hpp"
#include "system/mpi_point_to_point.hpp"

namespace concdemo {
namespace {

constexpr double patience_s = 0.3;          // for what would wait for ever
constexpr std::size_t large = 1024 * 1024;  // values of a message that no MPI library puts aside without a receiver

bool is_of_pair(const mpi::Comm& world) { return world.rank() < 2; }
mpi::Comm split_off_pair(const mpi::Comm& world) { return world.split(is_of_pair(world) ? 0 : 1); }
bool on_all(const mpi::Comm& comm, bool mine) { return comm.min(std::uint64_t{mine}) == 1; }

// --- head-to-head. In these functions `pair` is this rank and `other`.

using Exchange = void (*)(const mpi::Comm& pair, const std::vector<int>& mine, std::vector<int>& theirs, int other);

// Whether it was sent before the receive was begun.
bool send_first(const mpi::Comm& pair, const std::vector<int>& mine, std::vector<int>& theirs, int other) {
  // shown: head-to-head.broken
  mpi::Request send = mpi::issend(pair, mine, other);  // MPI_Ssend is this ...
  const bool sent = send.done_within(patience_s);      // ... and a wait, which has an end here
  // shown end
  pair.barrier();  // both have looked
  mpi::Request receive = mpi::irecv(pair, theirs, other);
  receive.wait();
  send.wait();
  return sent;
}

void send_and_receive(const mpi::Comm& pair, const std::vector<int>& mine, std::vector<int>& theirs, int other) {
  // shown: head-to-head.sendrecv
  mpi::sendrecv(pair, mine, theirs, other);  // MPI_Sendrecv: both at the same time
  // shown end
}

void begin_both(const mpi::Comm& pair, const std::vector<int>& mine, std::vector<int>& theirs, int other) {
  // shown: head-to-head.isend
  mpi::Request send = mpi::isend(pair, mine, other);  // MPI_Isend begins and returns
  mpi::Request receive = mpi::irecv(pair, theirs, other);
  receive.wait();
  send.wait();
  // shown end
}

// Whether a plain send of this length is done before its receive is begun: that small ones are hides the mistake.
bool is_put_aside(const mpi::Comm& pair, std::size_t length) {
  constexpr double moment_s = 0.05;
  const int other = 1 - pair.rank();
  const std::vector<int> mine(length);
  std::vector<int> theirs(length);
  mpi::Request send = mpi::isend(pair, mine, other);
  const bool done = send.done_within(moment_s);
  pair.barrier();
  mpi::irecv(pair, theirs, other).wait();
  send.wait();
  return on_all(pair, done);
}

Findings run_head_to_head(const mpi::Comm& world) {
  const mpi::Comm pair = split_off_pair(world);
  if (!is_of_pair(world)) return {};
  const int other = 1 - pair.rank();
  const std::vector<int> mine(large, pair.rank());
  const std::vector<int> wanted(large, other);
  std::vector<int> theirs(large);
  const auto finding = [&](Exchange exchange, const char* shown, const char* way) {
    std::fill(theirs.begin(), theirs.end(), -1);
    pair.barrier();
    exchange(pair, mine, theirs, other);
    const bool arrived = on_all(pair, theirs == wanted);
    const auto seen = fmt::format("both messages {}", arrived ? "arrived" : "are not what was sent");
    return Finding{shown, way, arrived, seen, {{"arrived", arrived}}};
  };
  Finding broken{"head-to-head.broken", "", false, {}, {}};
  const bool neither = on_all(pair, !send_first(pair, mine, theirs, other));
  const bool small_is_put_aside = is_put_aside(pair, 2);
  const bool large_is_put_aside = is_put_aside(pair, large);
  const auto returns = [](bool does) { return does ? "returns" : "does not"; };
  broken.as_expected = neither && on_all(pair, theirs == wanted);
  broken.seen = fmt::format("{} send was done after {}; without a receive MPI_Send of 8 B {}, of {} {}",
                            neither ? "neither" : "a", format_seconds(patience_s), returns(small_is_put_aside),
                            format_bytes(large * sizeof(int)), returns(large_is_put_aside));
  broken.figures = {{"deadlock", neither},
                    {"waited_s", patience_s},
                    {"small_returns", small_is_put_aside},
                    {"large_returns", large_is_put_aside},
                    {"large_bytes", large * sizeof(int)}};
  return {broken,
          {finding(send_and_receive, "head-to-head.sendrecv", "MPI_Sendrecv"),
           finding(begin_both, "head-to-head.isend", "MPI_Isend")}};
}

// --- missing-rank. The last rank has no data.

Findings run_missing_rank(const mpi::Comm& world) {
  const mpi::Comm comm = world.split(0);  // the lesson's collectives; `world` says when all have looked
  std::vector<int> values;
  if (comm.rank() + 1 < comm.size()) values = {1, 2, 3};
  const int expected = 6 * (comm.size() - 1);
  const int mine = std::accumulate(values.begin(), values.end(), 0);

  int sum = -1;
  bool done = false;
  {
    // shown: missing-rank.broken
    std::vector<mpi::Request> calls;
    if (!values.empty()) {                                    // "nothing to add": but the others wait for this rank too
      calls.push_back(mpi::iallreduce_sum(comm, mine, sum));  // MPI_Allreduce is this ...
      done = calls.back().done_within(patience_s);            // ... and a wait, which has an end here
    }
    // shown end
    world.barrier();  // all have looked
    if (calls.empty()) calls.push_back(mpi::iallreduce_sum(comm, mine, sum));
    calls.back().wait();
  }
  const std::uint64_t waited = world.sum(std::uint64_t{!values.empty() && !done});
  const auto callers = static_cast<std::uint64_t>(comm.size() - 1);
  Finding broken{"missing-rank.broken",
                 "",
                 waited == callers && on_all(world, sum == expected),
                 fmt::format("{} of {} ranks called; after {} {} still waited for the last one", callers, comm.size(),
                             format_seconds(patience_s), waited),
                 {{"called", callers}, {"waited", waited}, {"waited_s", patience_s}}};

  // shown: missing-rank.mended
  mpi::Request call = mpi::iallreduce_sum(comm, mine, sum);  // all ranks: one without data adds 0
  call.wait();
  // shown end
  return {broken,
          {{"missing-rank.mended",
            "a call on every rank",
            on_all(world, sum == expected),
            fmt::format("the sum is {} on every rank", sum),
            {{"sum", sum}}}}};
}

// --- buffer-reuse. Rank 0 sends 1, 1, 1, ... and goes on to 2 in the same buffer.

std::size_t receive_and_count_others(const mpi::Comm& pair) {
  std::vector<int> received(large);
  mpi::irecv(pair, received, 0).wait();
  return received.size() - static_cast<std::size_t>(std::count(received.begin(), received.end(), 1));
}

std::size_t wrong_when_reused_at_once(const mpi::Comm& pair) {
  if (pair.rank() != 0) {
    pair.barrier();  // a receiver that is late
    return receive_and_count_others(pair);
  }
  std::vector<int> buffer(large, 1);
  // shown: buffer-reuse.broken
  mpi::Request send = mpi::issend(pair, buffer, 1);
  std::fill(buffer.begin(), buffer.end(), 2);  // it is MPI's until the wait
  // shown end
  pair.barrier();
  send.wait();
  return 0;
}

std::size_t wrong_when_waited_for(const mpi::Comm& pair) {
  if (pair.rank() != 0) return receive_and_count_others(pair);
  std::vector<int> buffer(large, 1);
  // shown: buffer-reuse.mended
  mpi::Request send = mpi::issend(pair, buffer, 1);
  send.wait();
  std::fill(buffer.begin(), buffer.end(), 2);  // now it is ours again
  // shown end
  return 0;
}

Findings run_buffer_reuse(const mpi::Comm& world) {
  const mpi::Comm pair = split_off_pair(world);
  if (!is_of_pair(world)) return {};
  const auto finding = [&](std::size_t (*send)(const mpi::Comm&), const char* shown, const char* way,
                           bool right_wanted) {
    const auto wrong = pair.sum(send(pair));
    const auto seen = fmt::format("of {} values sent {} arrived as something else", large, wrong);
    return Finding{shown, way, (wrong == 0) == right_wanted, seen, {{"values", large}, {"wrong", wrong}}};
  };
  return {finding(wrong_when_reused_at_once, "buffer-reuse.broken", "", false),
          {finding(wrong_when_waited_for, "buffer-reuse.mended", "waiting first", true)}};
}

}  // namespace

const Mistake head_to_head_mistake{
    .name = "head-to-head",
    .summary = "two ranks send to each other first and receive afterwards: deadlock",
    .mistake =
        "Each of two ranks sends to the other and then receives. A send of more than MPI puts aside returns only when "
        "it is received: both wait for ever. It works with small messages, and stops the day the data grow.",
    .rule = "Exchange with MPI_Sendrecv, or begin with MPI_Isend and MPI_Irecv and wait for both.",
    .between_ranks = run_head_to_head};

const Mistake missing_rank_mistake{
    .name = "missing-rank",
    .summary = "one rank leaves out a collective call, and the others wait for it",
    .mistake =
        "A rank that has no data, or has met an error, leaves out a collective call. The call ends on no rank before "
        "all have made it: the others wait for ever.",
    .rule = "Every rank makes every collective call, in the same order; one that failed says so in the next call.",
    .between_ranks = run_missing_rank};

const Mistake buffer_reuse_mistake{
    .name = "buffer-reuse",
    .summary = "a buffer is written again before the send from it is done",
    .mistake =
        "MPI_Isend returns at once, and MPI may read the buffer at any time until MPI_Wait. What is written into it "
        "before is what may arrive.",
    .rule = "A buffer is MPI's from the call to the wait; use two in turn to go on computing meanwhile.",
    .between_ranks = run_buffer_reuse};

}  // namespace concdemo
