#include "fetch/transfer.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/clock.hpp"
#include "base/failure.hpp"
#include "base/printable.hpp"
#include "fetch/ways.hpp"

namespace concdemo::fetch {

void Event::set_reason(std::string_view text) {
  const std::string shown = printable(text);
  std::size_t length = 0;  // of whole characters that fit
  while (length < shown.size()) {
    const std::size_t next = length + character_at(shown, length).bytes;
    if (next >= reason.size()) break;
    length = next;
  }
  reason[shown.copy(reason.data(), length)] = '\0';
}

Transfer::Transfer(const Item& item, std::uint32_t index, const Settings& settings, Unfinished& unfinished,
                   const Report& report)
    : item_(item),
      index_(index),
      settings_(settings),
      report_(report),
      part_(settings.folder, item.name, !item.sha256.empty(), unfinished) {}

void Transfer::report(Kind kind, Result result, double seconds, const std::string& reason) {
  Event event;
  event.kind = kind;
  event.result = result;
  event.item = index_;
  event.attempts = attempts_;
  event.status = static_cast<std::int32_t>(status_);
  event.bytes = kind == Kind::finished && result != Result::fetched ? 0 : part_.bytes();
  event.expected = download_ && kind != Kind::started ? download_->expected() : 0;
  event.seconds = seconds;
  event.set_reason(reason);
  finished_ = finished_ || kind == Kind::finished;
  report_(event);
}

bool Transfer::is_settled() {
  start_s_ = now_s();
  const std::string path = settings_.folder + "/" + item_.name;
  std::error_code ignored;
  if (settings_.force || !std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return false;
  if (item_.sha256.empty()) {
    fail(path + " exists; --force replaces it");
  } else if (!std::filesystem::is_regular_file(path, ignored)) {  // opening a pipe would wait
    fail(path + " exists and is no regular file; --force replaces it");
  } else if (sha256_of_file(path) == item_.sha256) {
    const auto error = sync_folder(settings_.folder);  // a run that was killed when it had renamed it
    if (!error.empty()) fail(error);
    else report(Kind::finished, Result::already_there, now_s() - start_s_, "");
  } else {
    fail(path + " exists and has not this SHA-256; --force replaces it");
  }
  return true;
}

bool Transfer::begin() {
  if (attempts_ == 0) start_s_ = now_s();
  ++attempts_;
  if (!did([&] { part_.begin(); })) return false;
  if (!download_) {
    download_ =
        std::make_unique<http::Download>(item_.url, settings_.limits, [this](auto bytes) { return take(bytes); });
  }
  report(Kind::started, {}, now_s() - start_s_, "");
  return true;
}

std::string Transfer::take(std::span<const std::byte> bytes) {
  const Failure failure = attempt([&] { part_.write(bytes); });
  const double now = now_s();
  if (settings_.progress && now - last_progress_s_ >= 0.1) {
    last_progress_s_ = now;
    report(Kind::progress, {}, now - start_s_, "");
  }
  return failure.text;
}

Transfer::Next Transfer::end(const http::Attempt& attempt) {
  status_ = attempt.status;
  if (attempt.trouble == http::Trouble::none) {
    const std::string hash = part_.sha256();
    if (hash == item_.sha256) {
      download_.reset();
      return Next::whole;
    }
    fail(fmt::format("wrong SHA-256: {} came, {} was wanted", hash, item_.sha256));
    return Next::over;
  }
  if (!worth_retrying(attempt) || attempts_ > settings_.retry.retries) {
    fail(attempt.error);
    return Next::over;
  }
  wait_s_ = fetch::wait_s(settings_.retry, attempts_, attempt.retry_after_s, index_);
  report(Kind::retrying, {}, wait_s_, attempt.error);
  return Next::again;
}

bool Transfer::did(const std::function<void()>& work) {
  const Failure failure = attempt(work);
  if (failure.failed()) fail(failure.text);
  return !failure.failed();
}

void Transfer::done(const std::string& folder_error) {
  if (!folder_error.empty()) return fail(folder_error);
  report(Kind::finished, Result::fetched, now_s() - start_s_, "");
}

void Transfer::fail(const std::string& reason) {
  if (finished_) return;
  part_.discard();
  report(Kind::finished, Result::failed, now_s() - start_s_, reason);
  download_.reset();
}

}  // namespace concdemo::fetch
