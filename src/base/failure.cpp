#include "base/failure.hpp"

#include <new>

#include "base/printable.hpp"
#include "base/printable_error.hpp"

namespace concdemo {

Failure attempt(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const PrintableError& error) {
    return {error.code, error.what()};
  } catch (const Error& error) {
    return {error.code, printable(error.what())};
  } catch (const std::bad_alloc&) {
    return {ExitCode::system, "out of memory; use a smaller size or more ranks on more nodes"};
  } catch (const std::exception& error) {
    return {ExitCode::system, printable(error.what())};
  } catch (...) {
    return {ExitCode::system, "an exception that is no std::exception"};
  }
}

PrintableError usage_error(const std::string& message, const std::vector<std::string>& list) {
  std::string text = printable(message);
  for (const std::string& line : list) text += "\n  " + printable(line);
  return {ExitCode::usage, text};
}

}  // namespace concdemo
