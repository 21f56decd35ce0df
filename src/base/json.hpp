#pragma once
#include <nlohmann/json_fwd.hpp>

namespace concdemo {

using Json = nlohmann::ordered_json;  // its fields stay in the order in which they were set

}  // namespace concdemo
