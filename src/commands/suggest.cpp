#include "commands/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace concdemo {
namespace {

const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.front());
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// The option of a list whose value ends right before this word: --values 1 2 3.
std::string list_before(const CLI::App& command, const std::vector<std::string>& words, std::ptrdiff_t at) {
  if (at < 2 || at >= static_cast<std::ptrdiff_t>(words.size())) return "";
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->get_expected_max() > 1 && words[static_cast<std::size_t>(at) - 2] == name) return name;
  }
  return "";
}

}  // namespace

std::string explain(const CLI::App& app, const CLI::ParseError& error, int argc, const char* const* argv) {
  const CLI::App& command = innermost(app);
  const std::string help =
      fmt::format("see concdemo{}{} --help", &command == &app ? "" : " ", &command == &app ? "" : command.get_name());
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return fmt::format("{}; {}", error.what(), help);
  // The first word on the command line that the parser could not place.
  const auto extras = app.remaining(true);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto at = std::find_first_of(words.begin(), words.end(), extras.begin(), extras.end());
  const std::string word = at == words.end() ? (extras.empty() ? "" : extras.front()) : *at;
  const bool is_option = word.starts_with("-");
  const std::string name = word.substr(0, word.find('='));
  const auto nearest = nearest_name(name, is_option ? option_names(command) : command_names(command));
  if (const std::string list = list_before(command, words, at - words.begin()); !list.empty()) {
    return fmt::format("unknown argument \"{}\": {} takes one word: commas without spaces, and {} again for another",
                       word, list, list);
  }
  return fmt::format("unknown {} \"{}\"; {}",
                     is_option          ? "option"
                     : &command == &app ? "command"
                                        : "argument",
                     word, nearest ? "did you mean " + *nearest + "?" : help);
}

void require_options_after_command(const CLI::App& app) {
  if (app.get_subcommands().empty()) return;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    throw CLI::ValidationError(
        fmt::format("{} stands before the command", option->get_name()),
        fmt::format("put it after: concdemo {} {}", app.get_subcommands().front()->get_name(), option->get_name()));
  }
}

bool uses_working_folder(const CLI::App& app) {
  const CLI::App& command = innermost(app);
  if (&command == &app) return true;  // the tour writes its file there
  for (const CLI::Option* option : command.get_options()) {
    const std::string kind = option->get_option_text() + option->get_type_name();
    if (!kind.starts_with("FILE") && !kind.starts_with("FOLDER")) continue;
    const auto is_relative = [](const std::string& path) { return !path.empty() && path.front() != '/'; };
    const auto& given = option->results();
    if (given.empty() ? is_relative(option->get_default_str()) : std::any_of(given.begin(), given.end(), is_relative))
      return true;
  }
  return false;
}

std::string help_text(const CLI::App& app) {
  const CLI::App& command = innermost(app);
  std::string text = &command == &app ? app.help() : command.help(app.get_name());
  // An empty line for a group of hidden options.
  for (auto at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n")) text.erase(at, 1);
  return text;
}

}  // namespace concdemo
