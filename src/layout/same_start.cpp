#include "layout/same_start.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/printable_error.hpp"
#include "base/text.hpp"
#include "build_info.hpp"
#include "layout/formed_layout.hpp"
#include "system/hdf5.hpp"
#include "system/process.hpp"
#include "system/topology.hpp"

namespace concdemo {
namespace {

constexpr const char* not_set = "not set";

StartFact fact(const std::string& what, const std::string& text) { return {what, text, text}; }

std::string in_one_line(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments)
    line += fmt::format("{}{}", line.empty() ? "" : " ", shell_word(argument));
  return line.empty() ? "(none)" : line;
}

const StartFact* find(const Start& start, const std::string& what) {
  const auto found = std::find_if(start.begin(), start.end(), [&](const StartFact& each) { return each.what == what; });
  return found == start.end() ? nullptr : &*found;
}

// So much of a text that people find the place `at` in it.
std::string around(const std::string& text, std::size_t at) {
  constexpr std::size_t before = 60, whole = 200;
  if (text.size() <= whole) return text;
  const auto to_letter = [&](std::size_t place) {  // a letter of UTF-8 is not cut in two
    while (place < text.size() && (text[place] & 0xC0) == 0x80) ++place;
    return place;
  };
  const std::size_t begin = at < before ? 0 : to_letter(at - before);
  const std::size_t end = to_letter(std::min(text.size(), begin + whole));
  return fmt::format("{}{}{}", begin > 0 ? "..." : "", text.substr(begin, end - begin), end < text.size() ? "..." : "");
}

void add_lines(std::vector<std::string>& lines, const std::string& what, const StartFact* of_root,
               const StartFact* of_rank, int rank) {
  std::string left = of_root != nullptr ? of_root->text : not_set;
  std::string right = of_rank != nullptr ? of_rank->text : not_set;
  if (left == right) {  // one name for two things
    left += fmt::format(" ({})", of_root->key);
    right += fmt::format(" ({})", of_rank->key);
  }
  const auto at = static_cast<std::size_t>(std::mismatch(left.begin(), left.end(), right.begin(), right.end()).first -
                                           left.begin());
  const std::string second = fmt::format("rank {}", rank);
  lines.push_back(fmt::format("{} of {:<{}} {}", what, "rank 0:", second.size() + 1, around(left, at)));
  lines.push_back(fmt::format("{} of {}: {}", what, second, around(right, at)));
}

// Arguments and variables hold no null characters.
std::string pack(const Start& start) {
  std::string bytes;
  for (const StartFact& each : start) {
    for (const std::string* part : {&each.what, &each.key, &each.text}) bytes += *part + '\0';
  }
  return bytes;
}

Start unpack(const std::string& bytes) {
  Start start;
  for (std::size_t at = 0; at < bytes.size();) {
    StartFact& each = start.emplace_back();
    for (std::string* part : {&each.what, &each.key, &each.text}) {
      *part = bytes.c_str() + at;
      at += part->size() + 1;
    }
  }
  return start;
}

std::uint64_t hash(const Start& start) {
  std::string bytes;
  for (const StartFact& each : start) bytes += each.what + '\0' + each.key + '\0';
  return std::hash<std::string>{}(bytes);
}

}  // namespace

Start this_start(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment,
                 bool uses_folder) {
  const std::string id = build_id();
  Start start;
  start.push_back(fact("program", fmt::format("{} ({}), {}, {}, build id {}", build_info::version, build_info::commit,
                                              build_info::compiler, build_info::build_type, id.empty() ? "none" : id)));
  start.push_back(fact("MPI library", mpi::library_version()));
  start.push_back(fact("HDF5 library", hdf5::library_version()));
  start.push_back(fact("arguments", in_one_line(arguments)));
  for (const auto& [name, value] : environment) {
    const bool chooses = name.starts_with("CONCDEMO_") || name.starts_with("HDF5_");
    if (chooses && name != own_cpus_variable) start.push_back(fact(name, shell_word(value)));
  }
  if (uses_folder) {
    const WorkingFolder folder = working_folder();
    start.push_back({"working folder", folder.key, fmt::format("{} on {}", folder.path, host_name())});
  }
  return start;
}

std::vector<std::string> difference(const Start& of_root, const Start& of_rank, int rank) {
  std::vector<std::string> lines;
  for (const StartFact& left : of_root) {
    const StartFact* right = find(of_rank, left.what);
    if (right == nullptr || right->key != left.key) add_lines(lines, left.what, &left, right, rank);
  }
  for (const StartFact& right : of_rank) {
    if (find(of_root, right.what) == nullptr) add_lines(lines, right.what, nullptr, &right, rank);
  }
  return lines;
}

void require_same_start(const mpi::Comm& world, const Start& own) {
  if (world.all_same(hash(own))) return;
  std::string lines;
  for (const std::string& line : difference(unpack(world.broadcast(pack(own))), own, world.rank())) {
    lines += "\n  " + printable(line);
  }
  const std::uint64_t ranks = world.sum(std::uint64_t{!lines.empty()});
  if (ranks == 0) return;  // other hashes of the same
  const auto first = world.min(static_cast<std::uint64_t>(lines.empty() ? world.size() : world.rank()));
  const std::string who =
      ranks == 1 ? fmt::format("rank {} differs", first) : fmt::format("{} of {} ranks differ", ranks, world.size());
  throw PrintableError(ExitCode::usage,
                       fmt::format("all ranks of a job have to be started alike, but {} from rank 0:{}", who,
                                   world.broadcast(lines, static_cast<int>(first))));
}

}  // namespace concdemo
