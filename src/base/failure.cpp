#include "base/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <new>
#include <string>
#include <system_error>

#include "base/printable.hpp"
#include "base/printable_error.hpp"

namespace concdemo {
namespace {

// std::thread's error, which says no more than "Resource temporarily unavailable".
std::string no_more_threads() {
  std::ifstream limits("/proc/self/limits");
  const std::string name = "Max processes";
  std::string line, limit = "not known";
  while (std::getline(limits, line)) {
    if (!line.starts_with(name)) continue;
    const auto begin = std::min(line.find_first_not_of(' ', name.size()), line.size());
    limit = line.substr(begin, line.find(' ', begin) - begin);
  }
  return fmt::format(
      "too few threads: the system gives no more (ulimit -u is {}); raise the limit, or take fewer by --threads",
      limit);
}

}  // namespace

Failure attempt(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const PrintableError& error) { return {error.code, error.what()}; } catch (const Error& error) {
    return {error.code, printable(error.what())};
  } catch (const std::bad_alloc&) {
    return {ExitCode::system, "out of memory; use a smaller size or more ranks on more nodes"};
  } catch (const std::system_error& error) {
    return {ExitCode::system,
            error.code() == std::errc::resource_unavailable_try_again ? no_more_threads() : error.what()};
  } catch (const std::exception& error) { return {ExitCode::system, printable(error.what())}; } catch (...) {
    return {ExitCode::system, "an exception that is no std::exception"};
  }
}

PrintableError usage_error(const std::string& message, const std::vector<std::string>& list) {
  std::string text = printable(message);
  for (const std::string& line : list) text += "\n  " + printable(line);
  return {ExitCode::usage, text};
}

}  // namespace concdemo
