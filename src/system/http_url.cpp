#ifdef CONCDEMO_HAVE_CURL
#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "system/http.hpp"

namespace concdemo::http {
namespace {

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, CURLU_NO_DEFAULT_PORT) != CURLUE_OK) return {};
  const std::string result = text;
  curl_free(text);
  return result;
}

// A URL that cannot be taken apart: what may be a name and a password in it, up to its last '@', stays off the screen.
std::string unusable(const std::string& url) {
  const auto scheme = url.find("://"), at = url.rfind('@');
  if (at == std::string::npos) return "URL '" + url + "': ";
  return "URL '" + (scheme < at ? url.substr(0, scheme + 3) : "") + "..." + url.substr(at) + "': ";
}

}  // namespace

bool available() { return true; }

Url parse_url(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parts(curl_url(), curl_url_cleanup);
  if (!parts) throw system_error("libcurl: curl_url failed; is memory short?");
  if (url.find("://") == std::string::npos) {
    throw usage_error(unusable(url) + "write it in full, as in https://example.org/data.csv");
  }
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    throw usage_error(unusable(url) + "not a URL; percent-encode what is special, as in https://example.org/a%20b.csv");
  }
  const std::string scheme = part(parts.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") { throw usage_error(unusable(url) + "only http and https are fetched"); }
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT}) {
    curl_url_set(parts.get(), secret, nullptr, 0);
  }
  std::string host = part(parts.get(), CURLUPART_HOST);
  std::transform(host.begin(), host.end(), host.begin(), [](unsigned char c) { return std::tolower(c); });
  curl_url_set(parts.get(), CURLUPART_HOST, host.c_str(), 0);
  return {printable(part(parts.get(), CURLUPART_URL)), part(parts.get(), CURLUPART_PATH)};
}

}  // namespace concdemo::http
#endif
