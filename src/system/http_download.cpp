#include "system/http_download.hpp"

#ifdef CONCDEMO_HAVE_CURL

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "system/http_handle.hpp"

namespace concdemo::http {
namespace {

constexpr long most_redirects = 5;
constexpr long slowest_bytes_per_s = 100;
constexpr curl_off_t drained_bytes = 1 << 20;  // of a body that nobody wants, to keep its connection

void check(CURLcode code, const char* what) {
  if (code != CURLE_OK) throw system_error(std::string("libcurl: ") + what + ": " + curl_easy_strerror(code));
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  check(curl_easy_setopt(easy, option, value), "curl_easy_setopt");
}

void allow_protocols(CURL* easy, bool https_only) {
#if CURL_AT_LEAST_VERSION(7, 85, 0)
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, https_only ? "https" : "http,https");
#else
  set(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  set(easy, CURLOPT_REDIR_PROTOCOLS,
      static_cast<long>(https_only ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

bool is_plain_http(const std::string& url) { return curl_strnequal(url.c_str(), "http:", 5) != 0; }  // in any case

// A proxy cannot reach this machine's own loopback.
std::string hosts_without_proxy() {
  const char* lower = std::getenv("no_proxy");
  const char* upper = std::getenv("NO_PROXY");
  const std::string said = lower != nullptr ? lower : upper != nullptr ? upper : "";
  return said == "*" ? said : said + (said.empty() ? "" : ",") + "localhost,127.0.0.1,::1";
}

long status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::size_t take_header(char* data, std::size_t, std::size_t length, void* context) {
  auto& handle = *static_cast<Download::Handle*>(context);
  const Failure failure = attempt([&] { handle.header_error = handle.headers.take({data, length}); });
  if (failure.failed()) handle.header_error = failure.text;
  return handle.header_error.empty() ? length : 0;
}

std::size_t take_body(char* data, std::size_t, std::size_t length, void* context) {
  auto& handle = *static_cast<Download::Handle*>(context);
  constexpr std::size_t refused = 0;
  if (status_of(handle.easy) != 200) return length;
  if (handle.bytes == 0) {
    curl_off_t announced = 0;
    curl_easy_getinfo(handle.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    handle.expected = announced > 0 ? static_cast<std::uint64_t>(announced) : 0;
  }
  handle.too_large = std::max(handle.expected, handle.bytes + length) > handle.limits.max_bytes;
  if (handle.too_large) return refused;
  try {
    handle.sink_error = handle.sink(std::as_bytes(std::span(data, length)));
  } catch (const std::exception& error) { handle.sink_error = error.what(); }
  if (!handle.sink_error.empty()) return refused;
  handle.bytes += length;
  return length;
}

// Also told of bodies that libcurl reads by itself, as of redirects.
int watch_body(void* context, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
  auto& handle = *static_cast<Download::Handle*>(context);
  handle.dropped = received > drained_bytes && status_of(handle.easy) != 200;
  return handle.dropped ? 1 : 0;
}

Trouble kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return Trouble::timeout;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return Trouble::connection;
    default: return Trouble::other;
  }
}

std::string text_of(CURLcode code, const Download::Handle& handle) {
  const std::string own = handle.error[0] != '\0' ? handle.error.data() : curl_easy_strerror(code);
  switch (code) {
    case CURLE_PARTIAL_FILE:
      return fmt::format("cut off after {}{} bytes", handle.bytes,
                         handle.expected > 0 ? fmt::format(" of {}", handle.expected) : "");
    case CURLE_OPERATION_TIMEDOUT: {
      double connected_s = 0;
      curl_easy_getinfo(handle.easy, CURLINFO_PRETRANSFER_TIME, &connected_s);
      return fmt::format("{} {} s", connected_s > 0 ? "no progress for" : "not connected within",
                         handle.limits.timeout_s);
    }
    case CURLE_TOO_MANY_REDIRECTS: return fmt::format("more than {} redirects", most_redirects);
    case CURLE_COULDNT_RESOLVE_PROXY:  // libcurl's words may hold a password
      return "the proxy that http_proxy, https_proxy or all_proxy names is no URL, or cannot be found";
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (status_of(handle.easy) / 100 == 3) return "redirected to what is not allowed (" + own + ")";
      [[fallthrough]];
    case CURLE_WEIRD_SERVER_REPLY: return "its answer is not HTTP (" + own + ")";
    case CURLE_RECV_ERROR:
      return own.find("chunked") == std::string::npos ? own : "its chunks or trailers are not sound (" + own + ")";
    case CURLE_OUT_OF_MEMORY:  // libcurl's word for a header line of more than 100 KB, too
      return "a line of its headers is too long, or memory is short";
    default: return own;
  }
}

}  // namespace

void start_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { check(curl_global_init(CURL_GLOBAL_DEFAULT), "curl_global_init"); });
}

Download::Handle::Handle(const std::string& url, const Limits& its_limits, Sink its_sink)
    : limits(its_limits), sink(std::move(its_sink)), owner((start_libcurl(), curl_easy_init()), curl_easy_cleanup) {
  if (easy == nullptr) throw system_error("libcurl: curl_easy_init failed; is memory short?");
  set_url(url);
  set(easy, CURLOPT_ERRORBUFFER, error.data());
  set(easy, CURLOPT_WRITEFUNCTION, take_body);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, take_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_XFERINFOFUNCTION, watch_body);
  set(easy, CURLOPT_XFERINFODATA, this);
  set(easy, CURLOPT_NOPROGRESS, 0L);
  set(easy, CURLOPT_FOLLOWLOCATION, 1L);
  set(easy, CURLOPT_MAXREDIRS, most_redirects);
  set(easy, CURLOPT_NOPROXY, hosts_without_proxy().c_str());
  set(easy, CURLOPT_NOSIGNAL, 1L);  // threads
  set(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits.timeout_s));
  set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.timeout_s));
  set(easy, CURLOPT_LOW_SPEED_LIMIT, slowest_bytes_per_s);
  set(easy, CURLOPT_USERAGENT, "concdemo");
  if (!limits.ca_file.empty()) set(easy, CURLOPT_CAINFO, limits.ca_file.c_str());
}

void Download::Handle::set_url(const std::string& url) {
  set(easy, CURLOPT_URL, url.c_str());
  allow_protocols(easy, !is_plain_http(url));
}

void Download::Handle::begin() {
  bytes = 0;
  expected = 0;
  dropped = too_large = false;
  headers = {};
  header_error.clear();
  sink_error.clear();
  error[0] = '\0';
}

Attempt Download::Handle::finish(CURLcode code) {
  Attempt attempt;
  attempt.status = status_of(easy);
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
  attempt.retry_after_s = static_cast<double>(retry_after_s);
  const auto fail = [&](Trouble trouble, std::string error_text) {
    attempt.trouble = trouble;
    attempt.error = std::move(error_text);
  };
  if (!sink_error.empty()) fail(Trouble::sink, sink_error);
  else if (!header_error.empty()) fail(Trouble::other, header_error);
  else if (too_large) fail(Trouble::other, fmt::format("larger than the limit of {} bytes", limits.max_bytes));
  else if (code != CURLE_OK && !dropped) fail(kind_of(code), text_of(code, *this));
  else if (attempt.status != 200) fail(Trouble::status, fmt::format("HTTP {}", attempt.status));
  else if (headers.is_chunked() && headers.length().value_or(bytes) != bytes) {
    fail(Trouble::other, fmt::format("its Content-Length says {} bytes, its chunks held {}", *headers.length(), bytes));
  }
  return attempt;
}

Download::Download(const std::string& url, const Limits& limits, Sink sink)
    : handle_(std::make_unique<Handle>(url, limits, std::move(sink))) {
  set(handle_->easy, CURLOPT_PRIVATE, this);
}
Download::~Download() = default;

Attempt Download::perform() {
  handle_->begin();
  return handle_->finish(curl_easy_perform(handle_->easy));
}

void Download::set_url(const std::string& url) { handle_->set_url(url); }
std::uint64_t Download::expected() const { return handle_->expected; }

}  // namespace concdemo::http
#endif
