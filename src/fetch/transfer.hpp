#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "fetch/event.hpp"
#include "fetch/part_file.hpp"
#include "fetch/plan.hpp"
#include "fetch/retry.hpp"
#include "system/http_download.hpp"

namespace concdemo::fetch {

struct Settings {
  std::string folder = ".";
  bool force = false;
  http::Limits limits;
  RetryPolicy retry;
  bool progress = false;  // report it, ten times a second
};

// One file's way from its URL to the disk, whoever drives it: begin() and end() around each attempt of download(),
// until end() says whole or over; a whole one is then synced, published and done(). Reports each step. One thread at a
// time.
class Transfer {
 public:
  Transfer(const Item& item, std::uint32_t index, const Settings& settings, Unfinished& unfinished,
           const Report& report);

  bool is_settled();  // the file is there already: reported as right or as in the way
  bool begin();       // false: failed, and reported
  http::Download& download() { return *download_; }
  enum class Next { whole, again, over };
  Next end(const http::Attempt& attempt);
  double wait_s() const { return wait_s_; }  // before the next attempt, when end() said again

  void start_writeback() { part_.start_writeback(); }
  bool sync();                                 // false: failed, and reported
  bool publish();                              // the same
  void done(const std::string& folder_error);  // the folder is synced
  void fail(const std::string& reason);        // nothing when it has finished

 private:
  std::string take(std::span<const std::byte> bytes);
  void report(Kind kind, Result result, double seconds, const std::string& reason);

  const Item& item_;
  const std::uint32_t index_;
  const Settings& settings_;
  const Report& report_;
  PartFile part_;
  std::unique_ptr<http::Download> download_;  // from the first attempt to the last
  double start_s_ = 0;
  double wait_s_ = 0;
  double last_progress_s_ = 0;
  int attempts_ = 0;
  long status_ = 0;
  bool finished_ = false;
};

}  // namespace concdemo::fetch
