#include "lessons/mistake.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace concdemo {

const std::vector<const Mistake*>& mistakes() {
  static const std::vector<const Mistake*> list{&cpu_under_one_lock_mistake,
                                                &race_mistake,
                                                &exit_before_threads_mistake,
                                                &unjoined_thread_mistake,
                                                &result_before_join_mistake,
                                                &lock_order_mistake,
                                                &false_sharing_mistake,
                                                &unordered_sum_mistake,
                                                &queue_without_condition_mistake,
                                                &no_limit_mistake,
                                                &head_to_head_mistake,
                                                &missing_rank_mistake,
                                                &buffer_reuse_mistake};
  return list;
}

const Mistake& find_mistake(const std::string& name) {
  std::vector<std::string> names;
  for (const Mistake* mistake : mistakes()) {
    if (mistake->name == name) return *mistake;
    names.emplace_back(mistake->name);
  }
  const auto nearest = nearest_name(name, names);
  throw usage_error(
      fmt::format("unknown mistake \"{}\"; {}", name,
                  nearest ? "did you mean " + *nearest + "?" : fmt::format("there are {}", fmt::join(names, ", "))));
}

Failure verdict(const std::vector<RunMistake>& runs) {
  std::string text;
  for (const auto& [mistake, findings] : runs) {
    if (!findings.broken.as_expected) {
      text += fmt::format("\n  {}: the broken one was not caught: {}", mistake->name, findings.broken.seen);
    }
    for (const Finding& mended : findings.mended) {
      if (mended.as_expected) continue;
      text += fmt::format("\n  {}: mended by {}, it is still wrong: {}", mistake->name, mended.way, mended.seen);
    }
    if (findings.mended.empty()) text += fmt::format("\n  {}: nothing mended was run", mistake->name);
  }
  if (text.empty()) return {};
  return {ExitCode::verification, "mistakes: not as it should be:" + text};
}

}  // namespace concdemo
