#include "output/run_files.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/error.hpp"
#include "format/xdmf.hpp"
#include "output/checkpoint.hpp"
#include "output/partial_file.hpp"
#include "output/run_lock.hpp"

namespace concdemo {
namespace {

namespace fs = std::filesystem;

// Where a file is or would be made: links followed, also one to nothing.
fs::path place_of(fs::path path) {
  constexpr int most_links = 40;  // Linux' own limit
  std::error_code error;
  for (int i = 0; i < most_links && fs::is_symlink(fs::symlink_status(path, error)); ++i) {
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  const auto folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
  return error ? path : folder / path.filename();
}

std::vector<std::string> helper_paths(const std::string& output) {
  const auto target = place_of(output).string();
  return {partial_path(target), lock_path(target), checkpoint_path(target), xdmf_path(target),
          xdmf_partial_path(target)};
}

}  // namespace

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code unused;
  return fs::equivalent(a, b, unused) || place_of(a) == place_of(b);
}

void require_apart(const RunFiles& files) {
  const auto& [inputs, output, record] = files;
  const auto helpers = output.empty() ? std::vector<std::string>() : helper_paths(output);
  for (const auto& input : inputs) {
    if (!output.empty() && is_same_file(input, output)) {
      throw usage_error(fmt::format("--output {} is the file that is read; name another", output));
    }
    if (!record.empty() && is_same_file(input, record)) {
      throw usage_error(fmt::format("--record {} is the file that is read; name another", record));
    }
    for (const auto& helper : helpers) {
      if (!is_same_file(input, helper)) continue;
      throw usage_error(fmt::format(
          "{} is read, and a run that writes {} makes a file of this name; name another output", input, output));
    }
  }
  if (record.empty() || output.empty()) return;
  if (is_same_file(record, output)) throw usage_error("--record and --output name the same file");
  for (const auto& helper : helpers) {
    if (!is_same_file(record, helper)) continue;
    throw usage_error(
        fmt::format("--record {}: a run that writes {} makes a file of this name; name another", record, output));
  }
}

}  // namespace concdemo
