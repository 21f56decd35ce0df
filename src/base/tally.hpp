#pragma once
#include <cstdint>
#include <string>

// How much of the work under way in this process is done, for a line of progress. One relaxed addition a call, on any
// thread; nobody waits for it.
namespace concdemo::tally {

void begin(std::uint64_t total, const char* unit);  // a literal, in the plural: "blocks"; of 0: nothing to tell
void add(std::uint64_t done);
std::string text();  // "12 of 373 blocks"; empty where there is nothing to tell

}  // namespace concdemo::tally
