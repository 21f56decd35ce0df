#include "fetch/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "fetch/names.hpp"
#include "system/http.hpp"

namespace concdemo::fetch {
namespace {

constexpr std::size_t longest_line = 16384;  // of a list; no server takes as much, and a message quotes it

Item to_item(const Wish& wish) {
  const auto url = http::parse_url(wish.url);
  const std::string name = wish.name.empty() ? file_name(url.path) : wish.name;
  if (!is_harmless(name)) {
    throw usage_error(
        fmt::format("name={}: a plain file name is wanted: no path, no control characters, no '.' or '-' in "
                    "front, at most {} bytes",
                    name, longest_name));
  }
  return {wish.url, url.text, name, wish.sha256};
}

// The error of `work` with where the wish came from in front.
template <class Work>
auto located(const std::string& where, Work work) {
  try {
    return work();
  } catch (const Error& error) { throw Error(error.code, where.empty() ? error.what() : where + ": " + error.what()); }
}

}  // namespace

std::string parse_sha256(const std::string& text) {
  std::string lower = text;
  std::transform(text.begin(), text.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower.size() != 64 || lower.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw usage_error(fmt::format("'{}' is not a SHA-256: 64 hexadecimal digits, as sha256sum prints them", text));
  }
  return lower;
}

std::vector<Wish> parse_list(const std::string& text, const std::string& source) {
  std::vector<Wish> wishes;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    Wish wish;
    wish.where = fmt::format("{}:{}", source, number);
    if (line.size() > longest_line) {
      throw usage_error(
          fmt::format("{}: a line of {} bytes; a URL has {} at most", wish.where, line.size(), longest_line));
    }
    std::istringstream words(line);
    for (std::string word; words >> word && !word.starts_with('#');) {
      if (wish.url.empty()) {
        wish.url = word;
      } else if (word.starts_with("sha256=")) {
        wish.sha256 = located(wish.where, [&] { return parse_sha256(word.substr(7)); });
      } else if (word.starts_with("name=")) {
        wish.name = word.substr(5);
      } else {
        throw usage_error(
            fmt::format("{}: '{}' behind the URL: a line is URL [sha256=HEX] [name=FILE]", wish.where, word));
      }
    }
    if (!wish.url.empty()) wishes.push_back(wish);
  }
  return wishes;
}

std::vector<Item> make_plan(const std::vector<Wish>& wishes) {
  std::vector<Item> items;
  std::map<std::string, std::size_t> by_url;
  std::map<std::string, std::size_t> by_name;
  for (const Wish& wish : wishes) {
    items.push_back(located(wish.where, [&] { return to_item(wish); }));
    const Item& item = items.back();
    if (const auto [other, fresh] = by_url.emplace(item.shown, items.size() - 1); !fresh) {
      throw usage_error(
          fmt::format("the same URL twice: {} and {}; leave one out", items[other->second].shown, item.shown));
    }
    const auto [other, fresh] = by_name.emplace(item.name, items.size() - 1);
    if (fresh) continue;
    throw usage_error(fmt::format(
        "{} and {} would both be written as '{}'; fetch one into another folder, or give it a name=FILE in a "
        "--list",
        items[other->second].shown, item.shown, item.name));
  }
  return items;
}

}  // namespace concdemo::fetch
