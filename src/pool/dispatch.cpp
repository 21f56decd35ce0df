#include "pool/dispatch.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

namespace concdemo {
namespace {

constexpr std::uint64_t rounds = 4;  // a node's first piece is a quarter of its share

// A request (its node's lowest failure) or the answer to it (an empty range: that was all).
struct Message {
  Range units;
  std::uint64_t first_failure;
};

// The first leader's stock of what has not been handed out.
class Stock {
 public:
  explicit Stock(const Dispatch& call) : call_(call) {}

  Range take(std::uint64_t first_failure) {
    first_failure_ = std::min(first_failure_, first_failure);
    if (next_ * call_.unit > first_failure_) next_ = call_.units;  // nobody needs what comes after a failure
    const std::uint64_t left = call_.units - next_;
    const auto nodes = static_cast<std::uint64_t>(call_.leaders.size());
    const std::uint64_t size =
        call_.fixed > 0 ? std::min(left, call_.fixed * call_.workers) : claims::guided_piece(left, nodes, rounds);
    next_ += size;
    return {next_ - size, next_};
  }
  std::uint64_t handed_out() const { return next_; }

 private:
  const Dispatch& call_;
  std::uint64_t next_ = 0;
  std::uint64_t first_failure_ = ~std::uint64_t{0};
};

}  // namespace

void dispatch(const Dispatch& call, const std::function<void(std::uint64_t begun)>& begun) {
  const mpi::Comm& leaders = call.leaders;
  Stock stock(call);
  std::optional<Range> spare;      // granted, not yet in the node's range
  std::uint64_t refill_below = 1;  // ask when so little is left
  bool asked = false;
  bool all_granted = false;
  int others_served = 0;  // leaders that were told that there is no more
  const auto receive = [&](Range granted) {
    if (granted.size() == 0) {
      all_granted = true;
    } else {
      spare = granted;
      // Large pieces are asked for ahead; small ones when they are needed, so that none lies here while others idle.
      refill_below = granted.size() > 4 * call.workers ? granted.size() / 2 : 1;
    }
  };
  while (true) {
    if (leaders.is_root()) {
      while (const auto request = leaders.poll<Message>()) {
        const Range granted = stock.take(request->value.first_failure);
        if (granted.size() == 0) ++others_served;
        leaders.send(Message{granted, 0}, request->from);
      }
    } else if (asked) {
      if (const auto answer = leaders.poll<Message>()) {
        asked = false;
        receive(answer->value.units);
      }
    }
    Range left = claims::unpack(call.node.range.load(std::memory_order_acquire));
    if (left.size() == 0 && spare) {
      left = *spare;
      call.node.range.store(claims::pack(left), std::memory_order_release);  // workers never write to an empty range
      spare.reset();
    }
    if (left.size() < refill_below && !spare && !asked && !all_granted) {
      const std::uint64_t first_failure = call.node.first_failure.load(std::memory_order_relaxed);
      if (leaders.is_root()) {
        receive(stock.take(first_failure));
        continue;
      }
      leaders.send(Message{{}, first_failure}, 0);
      asked = true;
    }
    if (leaders.is_root()) begun(stock.handed_out() - left.size() - (spare ? spare->size() : 0));
    if (all_granted && left.size() == 0 && !spare) {
      call.node.closed.store(1, std::memory_order_release);
      if (!leaders.is_root() || others_served == leaders.size() - 1) return;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

}  // namespace concdemo
