#pragma once
#include <cstdint>
#include <string>

// How much of the work under way in this process is done, for a line of progress. One relaxed addition a call, on any
// thread; nobody waits for it.
namespace concdemo::tally {

enum class Unit { none, blocks, steps, bytes };

void begin(std::uint64_t total, Unit unit);  // of 0: nothing to tell
void add(Unit unit, std::uint64_t done);     // counts where that unit is what was begun
std::string text();  // "12 of 373 blocks", "1.2 GiB of 8 GiB"; empty where there is nothing to tell

}  // namespace concdemo::tally
