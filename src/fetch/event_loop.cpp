#include <algorithm>
#include <array>
#include <condition_variable>
#include <queue>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/failure.hpp"
#include "fetch/ways.hpp"

namespace concdemo::fetch {
namespace {

// Syncs and publishes whole transfers on threads of its own: the file system commits together what several of them wait
// for, and one sync of the folder is for a batch.
class Committer {
 public:
  explicit Committer(const std::string& folder) : folder_(folder) {
    for (std::jthread& thread : threads_) thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void add(Transfer& transfer) {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(&transfer);
    ++pending_;
    changed_.notify_one();
  }
  int pending() const {
    const std::scoped_lock lock(mutex_);
    return pending_;
  }

 private:
  static constexpr std::size_t most_together = 16;

  void run(const std::stop_token& stop) {
    for (;;) {
      std::vector<Transfer*> batch;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
        if (waiting_.empty()) return;  // stopped, and nothing left
        const std::size_t some = std::min(waiting_.size(), most_together);
        batch.assign(waiting_.end() - static_cast<std::ptrdiff_t>(some), waiting_.end());
        waiting_.resize(waiting_.size() - some);
      }
      const int count = static_cast<int>(batch.size());
      const Failure failure = attempt([&] {
        for (Transfer* transfer : batch) transfer->start_writeback();
        std::erase_if(batch, [](Transfer* transfer) { return !transfer->sync(); });
        std::erase_if(batch, [](Transfer* transfer) { return !transfer->publish(); });
        const std::string error = batch.empty() ? std::string() : sync_folder(folder_);
        for (Transfer* transfer : batch) transfer->done(error);
      });
      if (failure.failed()) {
        for (Transfer* transfer : batch) transfer->fail(failure.text);
      }
      const std::scoped_lock lock(mutex_);
      pending_ -= count;
    }
  }

  const std::string folder_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Transfer*> waiting_;
  int pending_ = 0;
  std::array<std::jthread, 4> threads_;  // last: they go first, when everything is committed
};

}  // namespace

std::string sync_folder(const std::string& folder) {
  const int error = files::sync_folder(folder);
  return error == 0 ? std::string() : "cannot sync the folder " + folder + ": " + files::error_text(error);
}

void fetch_by_event_loop(std::span<Transfer* const> transfers, const std::string& folder, int parallel,
                         std::stop_token stop) {
  http::EventLoop loop;
  Committer committer(folder);
  std::unordered_map<http::Download*, Transfer*> running;
  using Retry = std::pair<double, Transfer*>;  // when it is due (seconds of now_s)
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries;
  auto next = transfers.begin();
  const auto start = [&](Transfer& transfer) {
    if (!transfer.begin()) return;
    running.emplace(&transfer.download(), &transfer);
    loop.start(transfer.download());
  };
  while (!stop.stop_requested()) {
    const auto has_place = [&] { return running.size() < static_cast<std::size_t>(parallel); };
    while (has_place() && !retries.empty() && retries.top().first <= now_s()) {
      Transfer* const transfer = retries.top().second;
      retries.pop();
      start(*transfer);
    }
    const auto keeps_files = [&] { return retries.size() + static_cast<std::size_t>(committer.pending()); };
    while (has_place() && next != transfers.end() && keeps_files() < most_waiting) start(**next++);
    if (running.empty() && retries.empty() && next == transfers.end()) return;
    double wait_s =
        next != transfers.end() && has_place() ? 0.005 : 0.2;  // held back by those that wait; else a look at `stop`
    if (has_place() && !retries.empty()) wait_s = std::clamp(retries.top().first - now_s(), 0.0, wait_s);
    for (const auto& [download, attempt] : loop.wait(wait_s)) {
      Transfer& transfer = *running.at(download);
      running.erase(download);
      switch (transfer.end(attempt)) {
        case Transfer::Next::whole: committer.add(transfer); break;
        case Transfer::Next::again: retries.push({now_s() + transfer.wait_s(), &transfer}); break;
        case Transfer::Next::over: break;
      }
    }
  }
}

}  // namespace concdemo::fetch
