#pragma once
#include <cstdlib>
#include <string>

#include "base/fault.hpp"

namespace concdemo::test {

// CONCDEMO_FAULT for as long as this lives.
class Fault {
 public:
  explicit Fault(const std::string& text) { ::setenv("CONCDEMO_FAULT", text.c_str(), 1); }
  ~Fault() {
    ::unsetenv("CONCDEMO_FAULT");
    fault::arm(0);
  }
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;
};

}  // namespace concdemo::test
