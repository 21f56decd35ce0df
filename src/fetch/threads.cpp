#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/failure.hpp"
#include "fetch/ways.hpp"
#include "pool/thread_pool.hpp"

namespace concdemo::fetch {
namespace {

// Sleeps, unless a stop is asked for.
void sleep(double seconds, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
}

void run(Transfer& transfer, const std::string& folder, const std::stop_token& stop) {
  auto next = Transfer::Next::again;
  while (next == Transfer::Next::again) {
    if (stop.stop_requested() || !transfer.begin()) return;
    next = transfer.end(transfer.download().perform());
    if (next == Transfer::Next::again) sleep(transfer.wait_s(), stop);
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
