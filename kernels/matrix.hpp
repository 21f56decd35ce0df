#pragma once
#include <cstddef>

namespace concdemo {

// Row-major matrices in somebody else's memory: element (i, j) is data[i * stride + j], stride >= columns.
struct MatrixView {
  const double* data;
  std::size_t rows, columns, stride;
};

struct MatrixSpan {
  double* data;
  std::size_t rows, columns, stride;
  operator MatrixView() const { return {data, rows, columns, stride}; }
};

}  // namespace concdemo
