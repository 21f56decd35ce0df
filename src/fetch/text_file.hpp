#pragma once
#include <string>

namespace concdemo::fetch {

// The UTF-8 text of a file, or of a pipe that somebody writes, without a byte order mark; at most 64 MiB. Throws usage
// Error, which names the option, for what cannot be read or is no such text.
std::string read_text(const std::string& option, const std::string& path);

}  // namespace concdemo::fetch
