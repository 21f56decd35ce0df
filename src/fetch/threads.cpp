#include <chrono>
#include <condition_variable>
#include <thread>
#include <vector>

#include "base/failure.hpp"
#include "fetch/ways.hpp"

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
  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<std::size_t> free;  // places whose thread is done, or has not begun
  std::vector<std::jthread> threads(static_cast<std::size_t>(parallel));  // last: they join before the rest goes
  for (std::size_t place = 0; place < threads.size(); ++place) free.push_back(place);
  for (Transfer* const transfer : transfers) {
    std::size_t place = 0;
    {
      std::unique_lock lock(mutex);
      if (!changed.wait(lock, stop, [&] { return !free.empty(); })) return;
      place = free.back();
      free.pop_back();
    }
    if (threads[place].joinable()) threads[place].join();  // it has done its work
    threads[place] = std::jthread([&, place, transfer] {
      const Failure failure = attempt([&] { run(*transfer, folder, stop); });
      if (failure.failed()) transfer->fail(failure.text);
      const std::scoped_lock lock(mutex);
      free.push_back(place);
      changed.notify_one();
    });
  }
}

}  // namespace concdemo::fetch
