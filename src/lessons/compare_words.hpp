#pragma once
#include <string>
#include <vector>

#include "lessons/compare.hpp"

namespace concdemo {

// "How do I choose?": what these figures say and nothing else, a line for each kind and one for all. `cores`: that the
// ways in one process could use.
std::vector<std::string> advice(const std::vector<KindFigures>& kinds, int cores);

}  // namespace concdemo
