#pragma once
#include <string>
#include <vector>

// HTTP requests whose answers fit in memory. See http_download.hpp for what is allowed.
namespace concdemo::http {

bool available();  // built with libcurl

struct Answer {
  long status = 0;    // 0: none came
  std::string body;   // of a 200; 16 MiB at most
  std::string error;  // empty when all went well, which a status other than 200 is not
};

// One GET, blocking; any thread. Each thread keeps its connections for its next call. Throws nothing for failures of
// the network or the server: they are in the answer.
Answer get(const std::string& url);

// GETs of all, at most `parallel` (>= 1) at a time, on this one thread with an event loop; answers in the order of
// urls.
std::vector<Answer> get_all(const std::vector<std::string>& urls, int parallel);

// A URL taken apart.
struct Url {
  std::string text;  // normalised, without credentials and fragment, printable: to show and to compare
  std::string path;  // as written, percent-encoded: "/a/b%20c"
};
Url parse_url(const std::string& url);  // usage Error unless it is a sound http or https URL

}  // namespace concdemo::http
