#pragma once
#include <functional>
#include <string>

#include "base/error.hpp"
#include "support/catch.hpp"

namespace concdemo::test {

// What the Error says that `work` throws, which has to be of this code; "" where it throws none.
inline std::string message_of(ExitCode code, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code == code);
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace concdemo::test
