#pragma once
#include <functional>

#include "workloads/matmul/matmul_parts.hpp"

namespace concdemo {

// C = C + A B on parts of matrices: matmul_add, or the textbook loop.
using MatmulKernel = void (*)(const MatrixView& a, const MatrixView& b, const MatrixSpan& c, int threads);

// Told of rows of this rank's rectangle, counted from its first, once they are final; in ascending order, each once.
using RowsDone = std::function<void(Range rows)>;

// Collective: this rank's rectangle of C = A B, row-major in `c`, with k ascending. Parts in shared memory are
// multiplied where they lie. Else each panel of k travels while the one before is multiplied, and the main thread lets
// MPI work between parts of that. `rows_done` may be empty.
void multiply_parts(const Context& context, const MatmulParts& parts, std::span<double> c, MatmulKernel kernel,
                    const RowsDone& rows_done);

// Elements of the panels that a rank holds beside its parts when they travel.
std::uint64_t panel_elements(const MatmulPlan& plan, std::uint64_t rank);

}  // namespace concdemo
