#include "workloads/own_options.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace concdemo {

std::uint64_t read_count(const std::string& option, const std::string& text) {
  return parse_option(option, text, parse_count);
}

double read_number(const std::string& option, const std::string& text, double least, double most,
                   const std::string& beyond) {
  const double number = parse_option(option, text, parse_number);
  if (number > most && !beyond.empty()) throw usage_error(fmt::format("{} {}: {}", option, number, beyond));
  if (number >= least && number <= most) return number;
  throw usage_error(fmt::format("{} {}: give a number from {} to {}", option, number, least, most));
}

}  // namespace concdemo
