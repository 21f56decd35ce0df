#pragma once
#include <cstdint>
#include <string>

#include "input/operand.hpp"
#include "system/mpi.hpp"

namespace concdemo {

// The operand of --input FILE or FILE:/dataset, with --slice ("0,2,:,:"; empty: the whole dataset). Collective: rank 0
// looks at the file. Throws usage Error when there is no such dataset, it cannot be read, the slice does not fit it, or
// it holds snapshots of a run that are not committed yet: those read as zeros or NaN, and are not data.
Operand file_operand(const mpi::Comm& comm, const std::string& input, const std::string& slice,
                     std::uint64_t buffer_bytes);

}  // namespace concdemo
