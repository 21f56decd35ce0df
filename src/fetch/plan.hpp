#pragma once
#include <string>
#include <vector>

// What is to be fetched, known before anything is.
namespace concdemo::fetch {

struct Item {
  std::string url;     // as given: may hold credentials, so it is never shown
  std::string shown;   // the same without them
  std::string name;    // of the file, in the folder for all of them
  std::string sha256;  // 64 lowercase hexadecimal digits; empty: not to be checked
};

// One wish: from the command line or a line of a list.
struct Wish {
  std::string where;  // "demo.list:3", for messages; empty on the command line
  std::string url;
  std::string sha256;  // as in Item
  std::string name;    // empty: from the URL
};

// Lines "URL [sha256=HEX] [name=FILE]"; a word that begins with '#' begins a comment. `source` names the list in
// usage Errors.
std::vector<Wish> parse_list(const std::string& text, const std::string& source);

// Lowercase; usage Error unless it is 64 hexadecimal digits.
std::string parse_sha256(const std::string& text);

// Checks URLs, names and that no two are the same; usage Error naming both URLs otherwise.
std::vector<Item> make_plan(const std::vector<Wish>& wishes);

}  // namespace concdemo::fetch
