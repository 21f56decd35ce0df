#include "base/fault.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace concdemo::fault {
namespace {

enum class Action { kill, hang, throws, fail };

struct Plan {
  std::string text, point;
  Action action = Action::fail;
  int error = 0;
};

Plan plan;
std::atomic<long> left{0};  // visits until it strikes; 0: not armed

}  // namespace

void arm(int rank) {
  const char* text = std::getenv("CONCDEMO_FAULT");
  if (text == nullptr) text = "";
  if (plan.text == text) return;
  left = 0;
  plan = {};
  if (*text == '\0') return;
  const auto parts = split(text, ':');
  const std::vector<std::string> words(parts.begin(), parts.end());
  const std::map<std::string, Plan> actions{
      {"kill", {text, words[0], Action::kill}},           {"hang", {text, words[0], Action::hang}},
      {"throw", {text, words[0], Action::throws}},        {"eio", {text, words[0], Action::fail, EIO}},
      {"enospc", {text, words[0], Action::fail, ENOSPC}}, {"edquot", {text, words[0], Action::fail, EDQUOT}}};
  try {
    plan = actions.at(words.at(2));
    const long count = std::stol(words.at(1));
    if (count < 1 || words.size() > 4) throw std::invalid_argument(text);
    if (words.size() < 4 || std::stoi(words[3]) == rank) left = count;
  } catch (const std::exception&) {
    throw usage_error(fmt::format("CONCDEMO_FAULT={}: not POINT:COUNT:kill|hang|throw|eio|enospc|edquot[:RANK]", text));
  }
}

int at(const char* point) {
  if (left == 0 || plan.point != point || --left != 0) return 0;
  switch (plan.action) {
    case Action::kill: std::raise(SIGKILL); break;
    case Action::hang:
      while (true) std::this_thread::sleep_for(std::chrono::hours(1));
    case Action::throws: throw system_error(fmt::format("thrown at {} by CONCDEMO_FAULT", point));
    case Action::fail: break;
  }
  return plan.error;
}

void pass(const char* point) {
  if (at(point) != 0) throw system_error(fmt::format("failed at {} by CONCDEMO_FAULT", point));
}

}  // namespace concdemo::fault
