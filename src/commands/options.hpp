#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "screen/progress.hpp"
#include "screen/terminal.hpp"

// Options that several commands share, with one meaning and one wording.
namespace concdemo {

struct CommonOptions {
  int threads = 0;  // 0: not given
  std::string simd;
  bool quiet = false;
  std::string progress = "auto";
};

void add_screen_options(CLI::App& command, CommonOptions& options);   // --progress, --quiet
void add_simd_option(CLI::App& command, CommonOptions& options);      // --simd
void add_compute_options(CLI::App& command, CommonOptions& options);  // those and --threads

void add_hang_timeout(CLI::App& command, double& seconds);  // 0: never
void check_hang_timeout(double seconds);                    // usage Error

// An option of whole numbers from `least` to `most`, checked before it is converted and without the range in the help,
// where `letter` stands for its value.
void add_number(CLI::App& command, const std::string& option, int& value, int least, int most,
                const std::string& letter, const std::string& help);

ProgressMode progress_mode(const CommonOptions& options);
void select_simd(const std::string& target);  // empty: the best; unsupported: usage Error with the list

}  // namespace concdemo
