#include "workloads/matmul/matmul_parts.hpp"
#include "workloads/descriptor.hpp"

#include <algorithm>

#include "workloads/load.hpp"
#include "workloads/matmul/matmul_panels.hpp"

namespace concdemo {
namespace {

MatmulPlan plan_for(const Problem& problem, const mpi::Comm& comm, Strips strips) {
  const auto ranks = static_cast<std::uint64_t>(comm.size());
  return plan_matmul(problem.size[0], problem.size[1], problem.size[2], ranks, strips);
}

std::uint64_t both_parts(const MatmulPlan& plan, std::uint64_t rank) {
  return part_elements(plan, Matrix::a, rank) + part_elements(plan, Matrix::b, rank);
}

// Whether any rank reads another's part of this matrix.
bool is_read_by_others(const MatmulPlan& plan, Matrix matrix) {
  return matrix == Matrix::a ? plan.groups > 1 : plan.ranks > plan.groups;
}

std::uint64_t shared_elements(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank) {
  return is_read_by_others(plan, matrix) ? part_elements(plan, matrix, rank) : 0;
}

}  // namespace

MatmulParts::MatmulParts(const Context& context, const Problem& problem, ConvertCounts& counts)
    : plan_(plan_for(problem, context.comm, Strips::whole)), rank_(static_cast<std::uint64_t>(context.comm.rank())) {
  const mpi::Comm& comm = context.comm;
  if (comm.size() > 1) {
    const std::uint64_t count = shared_elements(plan_, Matrix::a, rank_) + shared_elements(plan_, Matrix::b, rank_);
    if (share_memory(comm, problem.node_size) && mpi::SharedArrays::fit(comm, count)) {
      shared_ = std::make_unique<mpi::SharedArrays>(comm, count);
    } else {
      plan_ = plan_for(problem, comm, Strips::fine);
    }
  }
  mpi::together(comm, [&] {
    for (const Matrix matrix : {Matrix::a, Matrix::b}) {
      const bool shared = shared_ != nullptr && is_read_by_others(plan_, matrix);
      Array& array = matrix == Matrix::a ? a_ : b_;
      if (!shared) array = Array(part_elements(plan_, matrix, rank_));
      const std::uint64_t skip = matrix == Matrix::b ? shared_elements(plan_, Matrix::a, rank_) : 0;
      double* own = shared ? shared_->mine().data() + skip : array.span().data();
      std::vector<Rectangle> parts;
      for (const Strip& strip : strips_owned(plan_, matrix, rank_)) {
        parts.push_back({strip.rows, strip.columns, own + strip.offset});
      }
      counts += load_rectangles(problem.operands[matrix == Matrix::a ? 0 : 1], parts, context.threads);
    }
  });
  counts = total_over_ranks(comm, counts);
  require_whole(counts, "matmul needs whole matrices");
}

MatrixView MatmulParts::view(const MatrixPart& piece) const {
  const Position position = position_of(plan_, piece);
  const double* part = (piece.matrix == Matrix::a ? a_ : b_).span().data();
  if (shared_ && is_read_by_others(plan_, piece.matrix)) {
    const std::uint64_t skip = piece.matrix == Matrix::b ? shared_elements(plan_, Matrix::a, piece.from) : 0;
    part = shared_->of(static_cast<int>(piece.from)).data() + skip;
  }
  return {part + position.offset, piece.rows.size(), piece.columns.size(), position.stride};
}

void MatmulParts::let_go(const MatrixPart& piece) const {
  if (!shared_ || piece.from == rank_ || piece.rows.size() == 0) return;
  const MatrixView part = view(piece);
  shared_->let_go({part.data, (part.rows - 1) * part.stride + part.columns});
}

std::uint64_t matmul_memory_bytes(const Shape& size, int ranks) {
  const auto all = static_cast<std::uint64_t>(ranks);
  for (const Shape& matrix : {Shape{size[0], size[1]}, Shape{size[1], size[2]}, Shape{size[0], size[2]}}) {
    part_bytes(matrix, ranks);  // refuses what no memory holds
  }
  std::uint64_t most = 0;
  for (const Strips strips : {Strips::whole, Strips::fine}) {
    const MatmulPlan plan = plan_matmul(size[0], size[1], size[2], all, strips);
    for (const std::uint64_t rank : {std::uint64_t{0}, all - 1}) {  // of the largest group, and of the smallest
      const Tile place = place_of(plan, rank);
      std::uint64_t elements = both_parts(plan, rank) + place.rows.size() * place.columns.size();
      if (strips == Strips::fine && ranks > 1) elements += panel_elements(plan, rank);
      most = std::max(most, elements * sizeof(double));
    }
  }
  return most;
}

}  // namespace concdemo
