#pragma once
#include <cstdint>
#include <string>

#include "kernels/matrix.hpp"

namespace concdemo {

// Local, blocking. Reads the block at (row, column) of a matrix of float64 whose rows of `columns` elements lie one
// after another from `offset`. Throws system Error naming the file.
void read_block(int file, const std::string& path, std::uint64_t offset, std::uint64_t columns, std::uint64_t row,
                std::uint64_t column, const MatrixSpan& block);

}  // namespace concdemo
