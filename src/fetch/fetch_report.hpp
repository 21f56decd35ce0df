#pragma once
#include <string>

#include "base/json.hpp"
#include "fetch/fetch.hpp"

// What fetching came to, on rank 0, in the order of the items.
namespace concdemo::fetch {

std::string table(const Request& request, const Summary& summary);
std::string paths(const Request& request, const Summary& summary);  // of the files that are there now, one a line
Json to_json(const Request& request, const Summary& summary);

}  // namespace concdemo::fetch
