#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "system/mpi.hpp"

namespace concdemo {

// What a command does once MPI runs: collective over `world`. Failing is throwing Error.
using Action = std::function<void(const mpi::Comm& world)>;

// Each adds its subcommand and options to the parser and, when chosen, sets `action`. No MPI yet.
void add_run(CLI::App& app, Action& action);
void add_resume(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_peaks(CLI::App& app, Action& action);
void add_placement(CLI::App& app, Action& action);
void add_sweep(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_mistakes(CLI::App& app, Action& action);
void add_fetch(CLI::App& app, Action& action);
// The bare command; `program` is how the person started it, for the commands it suggests.
void add_tour(CLI::App& app, Action& action, const std::string& program);

}  // namespace concdemo
