#pragma once
#include <any>
#include <string>

#include "workloads/workload.hpp"

// What a workload's descriptor makes its own options of. Options is the type of problem.own; a default is told in the
// help by whoever writes it.
namespace concdemo {

template <class Options>
const Options& own(const Problem& problem) {
  return std::any_cast<const Options&>(problem.own);
}

// Whose error names the option: a whole number, and a number from `least` to `most`. `beyond`: what to do about a
// larger one.
std::uint64_t read_count(const std::string& option, const std::string& text);
double read_number(const std::string& option, const std::string& text, double least, double most,
                   const std::string& beyond);

// A whole number, kept.
template <class Options>
OwnOption count_option(const std::string& name, const std::string& value, const std::string& help,
                       std::uint64_t Options::*member) {
  return {name, value, help,
          [=](Problem& problem, const std::string& text) {
            std::any_cast<Options&>(problem.own).*member = read_count(name, text);
          },
          [=](const Problem& problem) { return static_cast<std::int64_t>(own<Options>(problem).*member); }};
}

// A number from `least` to `most`, kept.
template <class Options>
OwnOption number_option(const std::string& name, const std::string& value, const std::string& help,
                        double Options::*member, double least, double most, const std::string& beyond = "") {
  return {name, value, help,
          [=](Problem& problem, const std::string& text) {
            std::any_cast<Options&>(problem.own).*member = read_number(name, text, least, most, beyond);
          },
          [=](const Problem& problem) { return own<Options>(problem).*member; }};
}

}  // namespace concdemo
