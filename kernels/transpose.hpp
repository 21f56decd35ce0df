#pragma once
#include "kernels/matrix.hpp"

namespace concdemo {

// B = A^T: b(j, i) = a(i, j). Shapes: a is m x n, b is n x m, of any strides; they may not overlap.
// Per element: no flop, 16 bytes moved (8 read, 8 written). No arithmetic, so the bits depend on nothing else; a NaN
// becomes the canonical one (0x7ff8000000000000), as in every stored result.
// Results of more than 32 MiB go past the caches, in whole lines; those of the other function whatever their size, for
// parts of a large one.
void transpose(MatrixView a, MatrixSpan b, int threads);
void transpose_past_cache(MatrixView a, MatrixSpan b, int threads);

// The textbook double loop along the rows of B: it reads a line of A for each element, and again for its neighbours.
void transpose_plain(MatrixView a, MatrixSpan b, int threads);

}  // namespace concdemo
