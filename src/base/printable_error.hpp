#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"

namespace concdemo {

// An Error whose text may be shown as it is: each part from outside is printable, so its newlines are our own. Of any
// other Error attempt() makes a printable line.
class PrintableError : public Error {
 public:
  using Error::Error;
};

// A line, and a list below it; whatever is not printable in them is escaped.
PrintableError usage_error(const std::string& message, const std::vector<std::string>& list);

}  // namespace concdemo
