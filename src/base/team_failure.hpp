#pragma once
#include <cstdint>
#include <exception>
#include <mutex>

namespace concdemo {

// The failure of the lowest of numbered items that a team of threads works on, in order: once one has failed, those
// behind it need not begin.
class TeamFailure {
 public:
  // Runs work() and keeps what it throws.
  void attempt(std::uint64_t item, const auto& work) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (failure_ && item_ < item) return;
    }
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (failure_ && item_ < item) return;
      failure_ = std::current_exception();
      item_ = item;
    }
  }
  void rethrow() const {  // if there is one; after the team's end
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::uint64_t item_ = 0;
};

}  // namespace concdemo
