#pragma once
#include <stdexcept>
#include <string>

namespace concdemo {

// The program's exit codes; 1 comes from launchers too, 128+n from signals.
enum class ExitCode : int {
  ok = 0,
  slow = 1,          // a node check that was to fail found a slow node
  usage = 2,         // usage or unusable input
  system = 3,        // disk full, lost file, library failure
  verification = 4,  // a result or a stored checksum is wrong
  stopped = 75,      // stopped by a signal with its state saved
};

// Why the program cannot go on. The message names the file or option, the value, and what to do.
class Error : public std::runtime_error {
 public:
  Error(ExitCode exit_code, const std::string& message) : std::runtime_error(message), code(exit_code) {}
  ExitCode code;
};

inline Error usage_error(const std::string& message) { return {ExitCode::usage, message}; }
inline Error system_error(const std::string& message) { return {ExitCode::system, message}; }

}  // namespace concdemo
