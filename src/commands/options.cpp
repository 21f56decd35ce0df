#include "commands/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "base/error.hpp"
#include "kernels/simd.hpp"

namespace concdemo {

void add_screen_options(CLI::App& command, CommonOptions& options) {
  command.add_option("--progress", options.progress, "on stderr (default auto: when a person watches)")
      ->check(CLI::IsMember({"auto", "on", "off"}))
      ->option_text("auto|on|off");
  command.add_flag("--quiet", options.quiet, "results only, without headings, explanations and progress");
}

void add_compute_options(CLI::App& command, CommonOptions& options) {
  add_number(command, "--threads", options.threads, 1, 4096, "T",
             "OpenMP threads a rank (default: this node's cores / its ranks)");
  add_simd_option(command, options);
  add_screen_options(command, options);
}

void add_simd_option(CLI::App& command, CommonOptions& options) {
  command.add_option("--simd", options.simd, "instruction set: avx512, avx2, neon, scalar (default: the best)")
      ->type_name("TARGET");
}

void add_hang_timeout(CLI::App& command, double& seconds) {
  const auto check = [](const std::string& text) {
    double value = 0;
    return CLI::detail::lexical_cast(text, value) ? "" : fmt::format("'{}' is not a number", text);
  };
  command
      .add_option("--hang-timeout", seconds,
                  "end the job when a rank or its I/O thread does nothing for so long (default: say it)")
      ->check(check)
      ->type_name("SECONDS");
}

void check_hang_timeout(double seconds) {
  if (seconds == 0 || (seconds >= 1 && seconds <= 1e6)) return;
  throw usage_error(
      fmt::format("--hang-timeout {}: give seconds from 1 to 1000000, more than the longest fdatasync takes", seconds));
}

void add_number(CLI::App& command, const std::string& option, int& value, int least, int most,
                const std::string& letter, const std::string& help) {
  const auto check = [least, most](const std::string& text) {
    int number = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    const bool is_right = result.ec == std::errc{} && result.ptr == end && number >= least && number <= most;
    return is_right ? "" : fmt::format("'{}' is not a whole number from {} to {}", text, least, most);
  };
  command.add_option(option, value, help)->check(check)->type_name(letter);
}

ProgressMode progress_mode(const CommonOptions& options) {
  if (options.quiet || options.progress == "off") return ProgressMode::off;
  return options.progress == "on" ? ProgressMode::on : ProgressMode::automatic;
}

void select_simd(const std::string& target) {
  if (target.empty() || set_simd_target(target)) return;
  throw usage_error(
      fmt::format("--simd {}: not supported here; there are {}", target, fmt::join(simd_targets(), ", ")));
}

}  // namespace concdemo
