#include "lessons/mistake_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "lessons/mistake_sources.hpp"

namespace concdemo {
namespace {

bool all_right(const Findings& findings) {
  return std::all_of(findings.mended.begin(), findings.mended.end(),
                     [](const Finding& each) { return each.as_expected; });
}

// Words in lines of 100 characters at most, each after `indentation`.
std::string wrapped(std::string_view text, std::string_view indentation) {
  constexpr std::size_t width = 100;
  std::istringstream words{std::string(text)};
  std::string result;
  std::string line;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      result += fmt::format("{}{}\n", indentation, line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return result + fmt::format("{}{}\n", indentation, line);
}

std::string indented(const std::string& lines) {
  std::istringstream input(lines);
  std::string result;
  for (std::string line; std::getline(input, line);) result += line.empty() ? "\n" : "      " + line + "\n";
  return result;
}

std::string with_source(const std::string& title, const Finding& finding) {
  const ShownLines lines = shown_lines(finding.shown);
  return fmt::format("{} ({}:{})\n{}    Seen: {}\n\n", title, lines.file, lines.first_line, indented(lines.text),
                     finding.seen);
}

Json finding_json(const Finding& finding, const char* verdict) {
  const ShownLines lines = shown_lines(finding.shown);
  Json json{{verdict, finding.as_expected}, {"seen", finding.seen}};
  if (!finding.way.empty()) json["by"] = finding.way;
  json.update(finding.figures);
  json["source"] = {{"file", lines.file}, {"line", lines.first_line}, {"text", lines.text}};
  return json;
}

}  // namespace

std::string mistake_list_text(std::string_view indentation) {
  std::string text;
  for (const Mistake* mistake : mistakes()) {
    text += fmt::format("{}{:<24} {}{}\n", indentation, mistake->name, mistake->summary,
                        mistake->needs_ranks() > 1 ? " (2 ranks)" : "");
  }
  return text;
}

std::string brief_text(const RunMistake& run) {
  const auto& [mistake, findings] = run;
  std::string text = fmt::format("{}: {}\n  {}  {}\n", mistake->name, mistake->summary,
                                 findings.broken.as_expected ? "broken" : "NOT CAUGHT", findings.broken.seen);
  for (const Finding& mended : findings.mended) {
    text += fmt::format("  {}  {}: {}\n", mended.as_expected ? "mended" : "STILL WRONG", mended.way, mended.seen);
  }
  return text;
}

std::string full_text(const RunMistake& run) {
  const auto& [mistake, findings] = run;
  std::string text =
      fmt::format("{}: {}\n\nThe mistake\n{}\n", mistake->name, mistake->summary, wrapped(mistake->mistake, "    "));
  text += with_source(findings.broken.as_expected ? "Broken" : "Broken, and NOT CAUGHT this time", findings.broken);
  for (const Finding& mended : findings.mended) {
    text +=
        with_source(fmt::format("{} by {}", mended.as_expected ? "Mended" : "STILL WRONG, mended", mended.way), mended);
  }
  return text + "The rule\n" + wrapped(mistake->rule, "    ");
}

std::string quiet_text(const RunMistake& run) {
  const auto& [mistake, findings] = run;
  return fmt::format("{:<24} {}, {}\n", mistake->name, findings.broken.as_expected ? "caught" : "NOT CAUGHT",
                     all_right(findings) ? "mended" : "STILL WRONG");
}

Json to_json(const RunMistake& run) {
  const auto& [mistake, findings] = run;
  Json json{{"name", mistake->name},
            {"summary", mistake->summary},
            {"mistake", mistake->mistake},
            {"rule", mistake->rule},
            {"broken", finding_json(findings.broken, "caught")},
            {"mended", Json::array()}};
  for (const Finding& mended : findings.mended) json["mended"].push_back(finding_json(mended, "right"));
  return json;
}

}  // namespace concdemo
