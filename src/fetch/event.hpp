#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace concdemo::fetch {

enum class Kind : std::uint8_t { started, progress, retrying, finished };
enum class Result : std::uint8_t { failed, fetched, already_there };

// What happened to a transfer. Travels between threads and ranks as bytes.
struct Event {
  Kind kind = Kind::started;
  Result result = Result::failed;  // when finished
  std::uint32_t item = 0;          // index in the plan
  std::int32_t attempts = 0;       // begun so far
  std::int32_t status = 0;         // of the last answer; 0 without one
  std::uint64_t bytes = 0;         // of this attempt; when finished, of a file that was fetched
  std::uint64_t expected = 0;      // announced by the server; 0: unknown
  double seconds = 0;  // since its start, when finished until it is on disk; retrying: how long it waits now
  std::array<char, 400> reason{};  // of a failure or a retry, ended by 0; printable

  void set_reason(std::string_view text);  // made printable, cut to fit
};

using Report = std::function<void(const Event&)>;  // called by any thread

}  // namespace concdemo::fetch
