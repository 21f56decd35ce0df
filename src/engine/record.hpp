#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "engine/layout.hpp"
#include "engine/output.hpp"
#include "system/mpi.hpp"

// Parts of a record (one JSON object on one line, schema 1) that are the same for every workload.
namespace concdemo {

using Json = nlohmann::ordered_json;

Json environment_json();
Json layout_json(const Layout& layout);
Json output_json(const OutputStats& stats);

// Collective: the largest VmHWM of any rank, in bytes (ru_maxrss would include the launcher's before exec).
std::uint64_t peak_rss_bytes(const mpi::Comm& comm);

// Appends one line in one write; throws system Error naming the file.
void append_record(const std::string& path, const Json& record);

}  // namespace concdemo
