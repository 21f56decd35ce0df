#pragma once
#include <functional>
#include <string>

#include "base/error.hpp"

namespace concdemo {

// How a piece of work ended: code ok and no text, or why not.
struct Failure {
  ExitCode code = ExitCode::ok;
  std::string text;
  bool failed() const { return code != ExitCode::ok; }
};

// Runs the work; no exception leaves.
Failure attempt(const std::function<void()>& work);

}  // namespace concdemo
