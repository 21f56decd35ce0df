#pragma once
#include <string>

namespace concdemo::fetch {

constexpr std::size_t longest_name = 200;  // bytes; ".concdemo-RANDOM.part" comes behind it, and file systems take 255

// The file name for a URL's path: its last segment, percent-decoded, made harmless. '/', '\' and what is not
// printable become '_', as does a '.' or '-' in front; longer names are cut; "index" for an empty one.
std::string file_name(const std::string& url_path);

// Whether a name that a person chose is one that file_name would let through.
bool is_harmless(const std::string& name);

}  // namespace concdemo::fetch
