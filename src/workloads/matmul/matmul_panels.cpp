#include "workloads/matmul/matmul_panels.hpp"

#include <algorithm>
#include <array>

#include "kernels/matmul.hpp"
#include "system/mpi_transfers.hpp"

namespace concdemo {
namespace {

// Deep enough that panels are few, shallow enough that those of others that were read in place are small.
constexpr std::uint64_t step_in_place = 4 * matmul_block_k;
constexpr std::uint64_t panel_depth = matmul_block_k;
constexpr std::uint64_t parts_of_panel = 4;  // MPI works in between

MatrixView rows_of(const MatrixView& view, Range rows) {
  return {view.data + rows.begin * view.stride, rows.size(), view.columns, view.stride};
}

void set_zero(std::span<double> c, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::size_t i = 0; i < c.size(); ++i) c[i] = 0.0;
}

// It multiplies its own part where it lies.
bool is_only_owner(const MatmulPlan& plan, const Tile& place, Matrix matrix) {
  return matrix == Matrix::a ? plan.groups == 1 : place.members.size() == 1;
}

std::uint64_t deepest(const MatmulPlan& plan) { return std::min(panel_depth, plan.k); }

struct Product {
  const Context& context;
  const MatmulParts& parts;
  std::span<double> c;
  MatmulKernel kernel;
  const RowsDone& rows_done;
  const MatmulPlan& plan = parts.plan();
  std::uint64_t rank = static_cast<std::uint64_t>(context.comm.rank());
  Tile place = place_of(plan, rank);

  MatrixSpan c_rows(Range rows) const {
    const std::uint64_t width = place.columns.size();
    return {c.data() + rows.begin * width, rows.size(), width, width};
  }
  Range local(Range rows) const { return {rows.begin - place.rows.begin, rows.end - place.rows.begin}; }
};

// One stretch of k in some rows of this rank, from where the parts lie.
void multiply_in_place(const Product& product, Range rows, Range k) {
  auto b_pieces = pieces_needed(product.plan, Matrix::b, product.rank, k);
  MatrixPart b = b_pieces.front();  // more than one only in a group of one rank, which has them one after another
  b.rows.end = b_pieces.back().rows.end;
  if (b.from != product.rank) product.context.comm.count_shared(b.rows.size() * b.columns.size() * sizeof(double));
  for (MatrixPart a : pieces_needed(product.plan, Matrix::a, product.rank, k)) {
    a.rows = common(a.rows, rows);
    if (a.rows.size() == 0) continue;
    if (a.from != product.rank) product.context.comm.count_shared(a.rows.size() * a.columns.size() * sizeof(double));
    product.kernel(product.parts.view(a), product.parts.view(b), product.c_rows(product.local(a.rows)),
                   product.context.threads);
    product.parts.let_go(a);
  }
  product.parts.let_go(b);
}

// Some rows after others where each is handed on when it is done; all at once where nobody waits for them.
void multiply_in_place(const Product& product) {
  const std::uint64_t count = product.c.empty() ? 0 : product.place.rows.size();
  const std::uint64_t step = product.rows_done ? std::max<std::uint64_t>(64, (count + 7) / 8) : count;
  for (std::uint64_t begin = 0; begin < count; begin += step) {
    const Range block{begin, std::min(count, begin + step)};
    const MatrixSpan c = product.c_rows(block);
    set_zero({c.data, c.rows * c.columns}, product.context.threads);
    const Range rows{product.place.rows.begin + block.begin, product.place.rows.begin + block.end};
    for (std::uint64_t k = 0; k < product.plan.k;) {
      const std::uint64_t end = std::min(end_of_strips(product.plan, product.rank, k),
                                         product.parts.in_shared_memory() ? k + step_in_place : product.plan.k);
      multiply_in_place(product, rows, {k, end});
      k = end;
    }
    if (product.rows_done) product.rows_done(block);
  }
}

// What a rank holds of one panel of A or B, and what of it is under way.
class Panels {
 public:
  Panels(const Product& product, Matrix matrix)
      : product_(product),
        matrix_(matrix),
        in_place_(is_only_owner(product.plan, product.place, matrix)),
        rows_(matrix == Matrix::a ? product.place.rows.size() : deepest(product.plan)),
        columns_(matrix == Matrix::a ? deepest(product.plan) : product.place.columns.size()) {
    if (in_place_) return;
    for (Array& buffer : buffers_) buffer = Array(rows_ * columns_);
  }

  // Begins to receive and to send the panel of a stretch of k, and copies this rank's own part. `turn`: which buffer.
  void begin(mpi::Transfers& transfers, Range k, std::uint64_t turn) {
    if (!in_place_) {
      const MatrixSpan panel = buffer(k, turn);
      for (const MatrixPart& piece : pieces_needed(product_.plan, matrix_, product_.rank, k)) {
        const MatrixSpan target{
            panel.data + (piece.rows.begin - first_row(k)) * panel.stride + piece.columns.begin - first_column(k),
            piece.rows.size(), piece.columns.size(), panel.stride};
        if (piece.from == product_.rank) {
          copy(product_.parts.view(piece), target);
        } else {
          transfers.receive(product_.context.comm, target, static_cast<int>(piece.from), tag());
        }
      }
    }
    for (const MatrixPart& piece : pieces_sent(product_.plan, matrix_, product_.rank, k)) {
      transfers.send(product_.context.comm, product_.parts.view(piece), static_cast<int>(piece.to), tag());
    }
  }

  MatrixView panel(Range k, std::uint64_t turn) {
    if (!in_place_) return buffer(k, turn);
    const Tile& place = product_.place;
    const std::uint64_t rank = product_.rank;
    return product_.parts.view(matrix_ == Matrix::a ? MatrixPart{matrix_, rank, rank, place.rows, k}
                                                    : MatrixPart{matrix_, rank, rank, k, place.columns});
  }

 private:
  int tag() const { return matrix_ == Matrix::a ? 1 : 2; }
  std::uint64_t first_row(Range k) const { return matrix_ == Matrix::a ? product_.place.rows.begin : k.begin; }
  std::uint64_t first_column(Range k) const { return matrix_ == Matrix::a ? k.begin : product_.place.columns.begin; }
  MatrixSpan buffer(Range k, std::uint64_t turn) {
    double* data = buffers_[turn % 2].span().data();
    if (matrix_ == Matrix::a) return {data, rows_, k.size(), columns_};
    return {data, k.size(), columns_, columns_};
  }
  void copy(const MatrixView& from, const MatrixSpan& to) const {
#pragma omp parallel for num_threads(product_.context.threads) schedule(static)
    for (std::size_t i = 0; i < from.rows; ++i) {
      std::copy_n(from.data + i * from.stride, from.columns, to.data + i * to.stride);
    }
  }

  const Product& product_;
  Matrix matrix_;
  bool in_place_;
  std::uint64_t rows_;
  std::uint64_t columns_;
  std::array<Array, 2> buffers_;
};

void multiply_by_messages(const Product& product) {
  set_zero(product.c, product.context.threads);
  Panels a(product, Matrix::a), b(product, Matrix::b);
  std::array<mpi::Transfers, 2> transfers;
  const std::uint64_t count = (product.plan.k + panel_depth - 1) / panel_depth;
  const auto stretch = [&](std::uint64_t p) {
    return Range{p * panel_depth, std::min(product.plan.k, (p + 1) * panel_depth)};
  };
  const auto begin = [&](std::uint64_t p) {
    if (p >= count) return;
    a.begin(transfers[p % 2], stretch(p), p);
    b.begin(transfers[p % 2], stretch(p), p);
  };
  const std::uint64_t rows = product.place.rows.size();
  const std::uint64_t step = std::max<std::uint64_t>(64, (rows + parts_of_panel - 1) / parts_of_panel);
  begin(0);
  for (std::uint64_t p = 0; p < count; ++p) {
    transfers[p % 2].wait();
    begin(p + 1);
    const MatrixView a_panel = a.panel(stretch(p), p), b_panel = b.panel(stretch(p), p);
    for (std::uint64_t row = 0; row < rows; row += step) {
      const Range part{row, std::min(rows, row + step)};
      product.kernel(rows_of(a_panel, part), b_panel, product.c_rows(part), product.context.threads);
      transfers[(p + 1) % 2].poll();
      if (p + 1 == count && product.rows_done) product.rows_done(part);
    }
  }
  if (count == 0 && rows > 0 && product.rows_done) product.rows_done({0, rows});
}

}  // namespace

void multiply_parts(const Context& context, const MatmulParts& parts, std::span<double> c, MatmulKernel kernel,
                    const RowsDone& rows_done) {
  const Product product{context, parts, c, kernel, rows_done};
  if (context.comm.size() == 1 || parts.in_shared_memory()) {
    multiply_in_place(product);
  } else {
    multiply_by_messages(product);
  }
}

std::uint64_t panel_elements(const MatmulPlan& plan, std::uint64_t rank) {
  const Tile place = place_of(plan, rank);
  const std::uint64_t rows = is_only_owner(plan, place, Matrix::a) ? 0 : place.rows.size();
  const std::uint64_t columns = is_only_owner(plan, place, Matrix::b) ? 0 : place.columns.size();
  return 2 * deepest(plan) * (rows + columns);
}

}  // namespace concdemo
