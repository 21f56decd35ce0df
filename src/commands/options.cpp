#include "commands/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernels/simd.hpp"

namespace concdemo {

void add_common_options(CLI::App& command, CommonOptions& options) {
  command.add_option("--threads", options.threads, "OpenMP threads a rank (default: this node's cores / its ranks)")
      ->check(CLI::Range(1, 4096))->type_name("T");
  command.add_option("--simd", options.simd, "instruction set: avx512, avx2, neon, scalar (default: the best)")
      ->type_name("TARGET");
  command.add_option("--progress", options.progress, "auto, on or off")->check(CLI::IsMember({"auto", "on", "off"}))
      ->type_name("WHEN");
  command.add_flag("--quiet", options.quiet, "results only");
}

ProgressMode progress_mode(const CommonOptions& options) {
  if (options.quiet || options.progress == "off") return ProgressMode::off;
  return options.progress == "on" ? ProgressMode::on : ProgressMode::automatic;
}

void select_simd(const std::string& target) {
  if (target.empty() || set_simd_target(target)) return;
  throw usage_error(fmt::format("--simd {}: not supported here; there are {}", target, fmt::join(simd_targets(), ", ")));
}

}  // namespace concdemo
