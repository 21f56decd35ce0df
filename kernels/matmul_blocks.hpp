#pragma once
#include <cstddef>

#include "kernels/matmul.hpp"

// How a matrix product is cut up, whatever the SIMD target; for matmul.cpp alone.
namespace concdemo {

constexpr std::size_t matmul_block_columns = 264;  // 528 KiB of packed B, half of L2; a multiple of every tile's width
constexpr std::size_t matmul_max_tile_rows = 8;

// A rectangle of C, computed by one thread.
struct MatmulTask {
  std::size_t row, rows, column, columns;
};

// One thread's packed copies: of a block of B, and of the rows of A that a tile needs.
struct alignas(64) MatmulBuffers {
  double b[matmul_block_k * matmul_block_columns];
  double a[matmul_block_k * matmul_max_tile_rows];
};

}  // namespace concdemo
