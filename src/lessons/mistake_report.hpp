#pragma once
#include <string>
#include <string_view>

#include "lessons/mistake.hpp"

// A lesson in words and as JSON. Texts end with a newline.
namespace concdemo {

// Names and summaries, a line each.
std::string mistake_list_text(std::string_view indentation = "");

std::string brief_text(const RunMistake& run);  // what was seen, a line for each way
std::string full_text(const RunMistake& run);   // the mistake, the source lines that ran, what was seen, the rule
std::string quiet_text(const RunMistake& run);  // one line
Json to_json(const RunMistake& run);

}  // namespace concdemo
