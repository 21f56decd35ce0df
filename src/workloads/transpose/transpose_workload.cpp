#include "kernels/transpose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "format/checksum.hpp"
#include "kernels/fill.hpp"
#include "kernels/past_cache.hpp"
#include "system/mpi_shared.hpp"
#include "system/mpi_transfers.hpp"
#include "workloads/descriptor.hpp"
#include "workloads/list.hpp"
#include "workloads/load.hpp"
#include "workloads/result_numbers.hpp"
#include "workloads/transpose/transpose_plan.hpp"

namespace concdemo {
namespace {

constexpr std::size_t depth = 3;  // messages under way each way: one is packed or transposed while others travel

// B = A^T by row blocks of both. Where all ranks are on one node with room for it, A lies in shared memory and every
// rank reads the others' rows in place; else blocks of A travel in messages and are transposed where they arrive.
class TransposeJob final : public Job {
 public:
  TransposeJob(const Context& context, const Problem& problem)
      : context_(context),
        operand_(problem.operands[0]),
        plain_(problem.method == Method::plain),
        m_(problem.size[0]),
        n_(problem.size[1]),
        plan_(plan_transpose(m_, n_, static_cast<std::uint64_t>(context.comm.size()))),
        rank_(static_cast<std::uint64_t>(context.comm.rank())),
        rows_(plan_.rows_of_a(rank_)),
        columns_(plan_.rows_of_b(rank_)) {
    const mpi::Comm& comm = context.comm;
    const std::uint64_t elements = rows_.size() * n_;
    const bool in_place =
        comm.size() > 1 && share_memory(comm, problem.node_size) && mpi::SharedArrays::fit(comm, elements);
    if (in_place) shared_ = std::make_unique<mpi::SharedArrays>(comm, elements);
    mpi::together(comm, [&] {
      if (!in_place) private_ = Array(elements);
      a_ = in_place ? shared_->mine() : private_.span();
      std::vector<std::uint8_t> missing;
      counts = load(operand_, {rows_.begin * n_, rows_.end * n_}, a_, missing, context.threads);
      b_ = Array(columns_.size() * m_);
      if (in_place || comm.size() == 1) return;
      for (Array& buffer : sent_) buffer = Array(plan_.piece_elements);
      for (Array& buffer : received_) buffer = Array(plan_.piece_elements);
    });
    counts = total_over_ranks(comm, counts);  // after it, everyone's rows are loaded
    require_whole(counts, "transpose needs a whole matrix");
  }

  void execute(const Sink& sink) override {
    if (shared_ == nullptr && plan_.ranks > 1) return exchange(sink);
    // At once where nobody waits for parts of it.
    const std::uint64_t panels = sink.file != nullptr ? plan_.panels : 1;
    for (std::uint64_t panel = 0; panel < panels; ++panel) {
      const Range part = part_of(columns_.size(), panels, panel);
      const Range columns{columns_.begin + part.begin, columns_.begin + part.end};
      for (std::uint64_t turn = 0; turn < plan_.ranks; ++turn) {  // each begins with its own rows
        const std::uint64_t owner = (rank_ + turn) % plan_.ranks;
        const double* rows = shared_ ? shared_->of(static_cast<int>(owner)).data() : a_.data();
        const Range r = plan_.rows_of_a(owner);
        if (owner != rank_) context_.comm.count_shared(r.size() * columns.size() * sizeof(double));
        place({rows + columns.begin, r.size(), columns.size(), n_}, r, columns);
      }
      submit(sink, columns);
    }
  }

  Verification verify() override;
  Json result() const override { return {{"checksum", checksum_}}; }
  std::string headline() const override { return checksum_; }

 private:
  // Transposes a block of A into its place in B.
  void place(const MatrixView& block, Range rows, Range columns) {
    const MatrixSpan to{b_.span().data() + (columns.begin - columns_.begin) * m_ + rows.begin, columns.size(),
                        rows.size(), m_};
    if (plain_) return transpose_plain(block, to, context_.threads);
    const bool large = is_past_cache((a_.size() + b_.size()) * sizeof(double));
    (large ? transpose_past_cache : transpose)(block, to, context_.threads);
  }

  void submit(const Sink& sink, Range columns) const {
    sink.submit(0, columns.begin * m_, b_.span().subspan((columns.begin - columns_.begin) * m_, columns.size() * m_));
  }

  MatrixSpan buffer(std::array<Array, depth>& buffers, const TransposePiece& piece, std::uint64_t step) const {
    return {buffers[step % depth].span().data(), piece.rows.size(), piece.columns.size(), piece.columns.size()};
  }

  // Step by step, the receives some steps ahead and the sends complete some steps later; the rank that is furthest
  // behind waits for nobody, so that none waits for ever.
  void exchange(const Sink& sink) {
    const std::uint64_t steps = plan_.steps();
    std::array<mpi::Transfers, depth> sends, receives;
    const auto receive = [&](std::uint64_t step) {
      if (step >= steps) return;
      const TransposePiece piece = piece_received(plan_, rank_, step);
      receives[step % depth].receive(context_.comm, buffer(received_, piece, step), static_cast<int>(piece.from), 0);
    };
    const auto send = [&](std::uint64_t step) {
      if (step >= steps) return;
      const TransposePiece piece = piece_sent(plan_, rank_, step);
      sends[step % depth].wait();
      const MatrixSpan packed = buffer(sent_, piece, step);
      pack(piece, packed);
      sends[step % depth].send(context_.comm, packed, static_cast<int>(piece.to), 0);
    };
    for (std::uint64_t step = 0; step < depth; ++step) receive(step);
    send(0);
    for (std::uint64_t panel = 0; panel < plan_.panels; ++panel) {
      const Range columns = plan_.panel_of(rank_, panel);
      place({a_.data() + columns.begin, rows_.size(), columns.size(), n_}, rows_, columns);
      for (std::uint64_t i = 0; i < plan_.steps_in_panel(); ++i) {
        const std::uint64_t step = panel * plan_.steps_in_panel() + i;
        send(step + 1);
        receives[step % depth].wait();
        const TransposePiece piece = piece_received(plan_, rank_, step);
        place(buffer(received_, piece, step), piece.rows, piece.columns);
        receive(step + depth);
      }
      submit(sink, columns);
    }
    for (auto& each : sends) each.wait();
  }

  void pack(const TransposePiece& piece, const MatrixSpan& to) const {
    const double* from = a_.data() + (piece.rows.begin - rows_.begin) * n_ + piece.columns.begin;
#pragma omp parallel for num_threads(context_.threads) schedule(static)
    for (std::size_t i = 0; i < to.rows; ++i) std::copy_n(from + i * n_, to.columns, to.data + i * to.stride);
  }

  double generated(std::uint64_t index) const {
    if (operand_.fill == Fill::index) return static_cast<double>(index);
    return uniform_at(operand_.seed, operand_.stream, index);
  }

  Context context_;
  const Operand& operand_;
  bool plain_;
  std::uint64_t m_;
  std::uint64_t n_;
  TransposePlan plan_;
  std::uint64_t rank_;
  Range rows_;     // of A
  Range columns_;  // of A: the rows of B
  std::unique_ptr<mpi::SharedArrays> shared_;
  Array private_;
  std::span<double> a_;  // this rank's rows, in either
  Array b_;
  std::array<Array, depth> sent_, received_;
  std::string checksum_;
};

// Every element: the sum over (index in A, bits) of what stands in B is that of A. A wrong, lost or doubled element
// changes it; which rank held what does not.
Verification TransposeJob::verify() {
  const double* a = a_.data();
  const double* b = std::as_const(b_).span().data();
  std::uint64_t of_a = 0, of_b = 0, of_result = 0;
#pragma omp parallel num_threads(context_.threads) reduction(+ : of_a, of_b, of_result)
  {
    std::vector<double> row(n_);
#pragma omp for schedule(static)
    for (std::uint64_t i = 0; i < rows_.size(); ++i) {
      std::transform(a + i * n_, a + (i + 1) * n_, row.begin(), [this](double value) {
        return std::isnan(value) && !plain_ ? std::numeric_limits<double>::quiet_NaN() : value;
      });
      of_a += checksum((rows_.begin + i) * n_, row);
    }
#pragma omp for schedule(static)
    for (std::uint64_t j = 0; j < columns_.size(); ++j) {
      const std::span<const double> row_of_b(b + j * m_, m_);
      of_b += strided_checksum(columns_.begin + j, n_, row_of_b);
      of_result += checksum((columns_.begin + j) * m_, row_of_b);
    }
  }
  const mpi::Comm& comm = context_.comm;
  checksum_ = fmt::format("{:016x}", comm.sum(of_result));
  std::uint64_t wrong = 0;
  const bool known = operand_.source == Operand::Source::generated;
  const std::uint64_t step = std::max<std::uint64_t>(1, b_.size() / 4096) | 1;
  for (std::uint64_t at = 0; known && at < b_.size(); at += step) {
    const std::uint64_t i = at % m_, j = columns_.begin + at / m_;
    wrong += same_bits(b[at], generated(i * n_ + j)) ? 0 : 1;
  }
  of_a = comm.sum(of_a);
  of_b = comm.sum(of_b);
  wrong = comm.sum(wrong);
  const std::string against =
      std::string("position checksum of A, every element") + (known ? "; scalar generator, 4096 a rank" : "");
  if (of_a != of_b) {
    return {false, against,
            fmt::format("the elements of B have checksum {:016x} at their places in A, which has {:016x}", of_b, of_a)};
  }
  if (wrong > 0) return {false, against, fmt::format("{} sampled elements of B differ from the generator", wrong)};
  return {true, against, ""};
}

std::vector<Shape> operand_shapes(const Shape& size) {
  if (size.size() != 2) {
    throw usage_error(fmt::format("transpose needs --size MxN (B = A^T, A is MxN), not {}", to_text(size)));
  }
  return {size};
}

Shape size_of(const std::vector<Operand>& operands) {
  const Operand& a = operands[0];
  if (a.shape.size() != 2) {
    throw usage_error(
        fmt::format("transpose needs a matrix, MxN; there is {}{}", describe_shape(a), shape_hint(operands, "MxN")));
  }
  return a.shape;
}

}  // namespace

const Workload transpose_workload{
    .name = "transpose",
    .summary = "matrix transpose B = A^T; writes /at",
    .operands = 1,
    .has_plain = true,
    .default_size = {8192, 8192},
    .tour_size = {1000, 2000},
    .cost = cost_per_element(0, 16, Bound::copy),
    .operand_shapes = operand_shapes,
    .size_of = size_of,
    .outputs = [](const Problem& problem) -> std::vector<DatasetSpec> {
      return {dataset_like("at", {problem.size[1], problem.size[0]})};
    },
    .memory_bytes =
        [](const Shape& size, int ranks) {
          const auto all = static_cast<std::uint64_t>(ranks);
          part_bytes(size, 1);  // refuses what no memory holds
          const TransposePlan plan = plan_transpose(size[0], size[1], all);
          const std::uint64_t buffers = ranks > 1 ? 2 * depth * plan.piece_elements : 0;
          return 8 * (plan.rows_of_a(0).size() * size[1] + plan.rows_of_b(0).size() * size[0] + buffers);
        },
    .prepare = prepare_as<TransposeJob>};

}  // namespace concdemo
