#pragma once
#include <span>
#include <stop_token>
#include <string>

#include "fetch/transfer.hpp"

// Two ways to drive the transfers of one rank, at most `parallel` at a time. Both return when every transfer has
// reported that it finished, or soon after a stop was asked for (by threads: after the attempts under way). MPI is not
// touched.
namespace concdemo::fetch {

// Sockets and files together stay under the usual 1024 descriptors.
constexpr int most_parallel = 256;
constexpr std::size_t most_waiting = 256;  // for the disk or their next attempt, before another transfer begins

// The calling thread runs them all; four more sync and publish what is whole, so that no transfer waits for
// the disk. A transfer that waits for its next attempt holds no place, but keeps its file: there are at most
// most_waiting + parallel of these.
void fetch_by_event_loop(std::span<Transfer* const> transfers, const std::string& folder, int parallel,
                         std::stop_token stop);

// A thread for each transfer that runs, blocking, from its first attempt until it is on disk.
void fetch_by_threads(std::span<Transfer* const> transfers, const std::string& folder, int parallel,
                      std::stop_token stop);

std::string sync_folder(const std::string& folder);  // why it failed, or nothing

}  // namespace concdemo::fetch
