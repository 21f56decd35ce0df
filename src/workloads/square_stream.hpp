#pragma once
#include <memory>

#include "workloads/workload.hpp"

namespace concdemo {

// square of an operand larger than memory: blocks are read, squared and written at the same time, through the problem's
// buffers. Collective.
std::unique_ptr<Job> make_square_stream(const Context& context, const Problem& problem);

// One rounding of the scalar product, kept from the vectoriser: what square is verified against.
[[gnu::noinline]] double scalar_square(const volatile double& x);

}  // namespace concdemo
