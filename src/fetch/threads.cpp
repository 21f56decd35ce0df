#include <algorithm>

#include "base/failure.hpp"
#include "base/pause.hpp"
#include "fetch/ways.hpp"
#include "pool/thread_pool.hpp"

namespace concdemo::fetch {
namespace {

void run(Transfer& transfer, const std::string& folder, const std::stop_token& stop) {
  auto next = Transfer::Next::again;
  while (next == Transfer::Next::again) {
    if (stop.stop_requested() || !transfer.begin()) return;
    next = transfer.end(transfer.download().perform());
    if (next == Transfer::Next::again && stopped_within(transfer.wait_s(), stop)) return;
  }
  if (next == Transfer::Next::whole && transfer.sync() && transfer.publish()) transfer.done(sync_folder(folder));
}

}  // namespace

void fetch_by_threads(std::span<Transfer* const> transfers, const std::string& folder, int parallel,
                      std::stop_token stop) {
  const auto some = std::min(static_cast<std::size_t>(parallel), transfers.size());
  ThreadPool pool(ThreadPool::Options{static_cast<int>(some), transfers.size()});
  for (Transfer* const transfer : transfers) {
    pool.submit([&, transfer] {
      const Failure failure = attempt([&] { run(*transfer, folder, stop); });
      if (failure.failed()) transfer->fail(failure.text);
    });
  }
}  // the pool ends when all are done

}  // namespace concdemo::fetch
