#pragma once
#include <string>
#include <vector>

#include "lessons/compare.hpp"

namespace concdemo {

// "How do I choose?": what these figures say and nothing else, a sentence or a few a line. `cores`: that the ways could use on one node.
std::vector<std::string> advice(const std::vector<KindFigures>& kinds, int cores);

}  // namespace concdemo
