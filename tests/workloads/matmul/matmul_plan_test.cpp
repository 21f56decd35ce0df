#include "workloads/matmul/matmul_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

using Key = std::tuple<int, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>;
Key key(const MatrixPart& p) {
  return {p.matrix == Matrix::b, p.from, p.to, p.rows.begin, p.rows.end, p.columns.begin, p.columns.end};
}

std::uint64_t area(Range rows, Range columns) { return rows.size() * columns.size(); }

// A REQUIRE for inner loops, where millions of them would take seconds.
void must(bool holds) {
  if (!holds) FAIL("the plan does not hold what its header says");
}

// How often each element of a matrix was covered.
class Cover {
 public:
  Cover(std::uint64_t rows, std::uint64_t columns) : columns_(columns), count_(rows * columns, 0) {}
  void add(Range rows, Range columns) {
    for (std::uint64_t i = rows.begin; i < rows.end; ++i) {
      for (std::uint64_t j = columns.begin; j < columns.end; ++j) ++count_.at(i * columns_ + j);
    }
  }
  bool once() const {
    return std::all_of(count_.begin(), count_.end(), [](int count) { return count == 1; });
  }

 private:
  std::uint64_t columns_;
  std::vector<unsigned char> count_;
};

// Every element of A, B and C has one owner, and the parts are contiguous.
void check_owners(const MatmulPlan& plan) {
  Cover a(plan.m, plan.k), b(plan.k, plan.n), c(plan.m, plan.n);
  for (std::uint64_t rank = 0; rank < plan.ranks; ++rank) {
    const Tile place = place_of(plan, rank);
    c.add(place.rows, place.columns);
    for (const Matrix matrix : {Matrix::a, Matrix::b}) {
      std::uint64_t elements = 0;
      for (const Strip& strip : strips_owned(plan, matrix, rank)) {
        must(strip.offset == elements);
        (matrix == Matrix::a ? a : b).add(strip.rows, strip.columns);
        elements += area(strip.rows, strip.columns);
        // A piece that is the whole strip lies where the strip does.
        const MatrixPart piece{matrix, rank, rank, strip.rows, strip.columns};
        if (area(strip.rows, strip.columns) == 0) continue;
        must(position_of(plan, piece).offset == strip.offset);
        must(position_of(plan, piece).stride == strip.columns.size());
      }
      must(part_elements(plan, matrix, rank) == elements);
    }
  }
  CHECK(a.once());
  CHECK(b.once());
  CHECK(c.once());
}

// Each rank gets what it needs of each stretch of k once, in order, from its owner, who sends just that.
void check_deliveries(const MatmulPlan& plan, std::uint64_t stretch) {
  for (const Matrix matrix : {Matrix::a, Matrix::b}) {
    for (std::uint64_t begin = 0; begin < plan.k; begin += stretch) {
      const Range k{begin, std::min(plan.k, begin + stretch)};
      std::map<Key, int> due;
      std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<Key>> order;  // of each pair of ranks
      for (std::uint64_t rank = 0; rank < plan.ranks; ++rank) {
        const Tile place = place_of(plan, rank);
        std::uint64_t elements = 0;
        std::pair<std::uint64_t, std::uint64_t> last{0, 0};
        for (const MatrixPart& piece : pieces_needed(plan, matrix, rank, k)) {
          must(piece.to == rank);
          elements += area(piece.rows, piece.columns);
          const Range& along = matrix == Matrix::a ? piece.columns : piece.rows;
          const std::pair at{along.begin, matrix == Matrix::a ? piece.rows.begin : 0};
          must((elements == area(piece.rows, piece.columns) || at > last));
          last = at;
          must((along.begin >= k.begin && along.end <= k.end && along.size() > 0));
          if (matrix == Matrix::b) must(piece.columns == place.columns);
          const Tile owner = place_of(plan, piece.from);
          must((matrix == Matrix::b || (piece.rows.begin >= owner.rows.begin && piece.rows.end <= owner.rows.end)));
          const Position position = position_of(plan, piece);
          must(position.offset + (piece.rows.size() - 1) * position.stride + piece.columns.size() <=
               part_elements(plan, matrix, piece.from));
          if (piece.from == rank) continue;
          ++due[key(piece)];
          order[{piece.from, rank}].push_back(key(piece));
        }
        const bool idle = place.rows.size() == 0 || place.columns.size() == 0;
        const std::uint64_t width = matrix == Matrix::a ? place.rows.size() : place.columns.size();
        must(elements == (idle ? 0 : width * k.size()));
      }
      for (std::uint64_t rank = 0; rank < plan.ranks; ++rank) {
        for (const MatrixPart& piece : pieces_sent(plan, matrix, rank, k)) {
          must(--due[key(piece)] == 0);
          auto& expected = order[{rank, piece.to}];
          must(expected.front() == key(piece));
          expected.erase(expected.begin());
        }
      }
      must(std::all_of(due.begin(), due.end(), [](const auto& each) { return each.second == 0; }));
    }
  }
}

// Elements that the rank receives.
std::uint64_t received(const MatmulPlan& plan, std::uint64_t rank) {
  std::uint64_t elements = 0;
  for (const Matrix matrix : {Matrix::a, Matrix::b}) {
    for (const MatrixPart& piece : pieces_needed(plan, matrix, rank, {0, plan.k})) {
      if (piece.from != rank) elements += area(piece.rows, piece.columns);
    }
  }
  return elements;
}

struct Loads {
  std::uint64_t most_received = 0, most_owned = 0, most_of_c = 0;
};
Loads loads_of(const MatmulPlan& plan) {
  Loads loads;
  for (std::uint64_t rank = 0; rank < plan.ranks; ++rank) {
    const Tile place = place_of(plan, rank);
    loads.most_received = std::max(loads.most_received, received(plan, rank));
    const std::uint64_t owned = part_elements(plan, Matrix::a, rank) + part_elements(plan, Matrix::b, rank);
    loads.most_owned = std::max(loads.most_owned, owned);
    loads.most_of_c = std::max(loads.most_of_c, area(place.rows, place.columns));
  }
  return loads;
}

}  // namespace

TEST_CASE("matmul plan: every element owned once, every panel delivered once, for any ranks and shape") {
  const std::vector<std::array<std::uint64_t, 3>> shapes = {{64, 600, 64}, {300, 40, 9},  {7, 513, 300}, {1, 1, 1},
                                                            {3, 257, 2},   {0, 300, 5},   {5, 0, 4},     {6, 10, 0},
                                                            {97, 1, 89},   {40, 2000, 40}};
  for (std::uint64_t ranks = 1; ranks <= 64; ++ranks) {
    for (std::size_t s = 0; s < shapes.size(); ++s) {
      if (ranks > 12 && (s + ranks) % 4 != 0) continue;
      const auto& [m, k, n] = shapes[s];
      for (const Strips strips : {Strips::whole, Strips::fine}) {
        const MatmulPlan plan = plan_matmul(m, k, n, ranks, strips);
        INFO(m << "x" << k << "x" << n << " over " << ranks << ", groups " << plan.groups);
        check_owners(plan);
        check_deliveries(plan, 256);
      }
    }
  }
}

TEST_CASE("matmul plan: up to 1,024 ranks in one process", "[large]") {
  const std::vector<Strips> both = {Strips::whole, Strips::fine};
  for (const std::uint64_t ranks : {67, 121, 509, 1000, 1021, 1024}) {
    for (const Strips strips : ranks == 1024 ? both : std::vector{ranks % 2 == 0 ? Strips::whole : Strips::fine}) {
      const MatmulPlan plan = plan_matmul(130, 512, 140, ranks, strips);
      INFO(ranks << " ranks, groups " << plan.groups);
      check_owners(plan);
      check_deliveries(plan, 512);
    }
  }
}

TEST_CASE("matmul plan: the volume of a square product over square numbers of ranks, and balanced loads over any") {
  for (const std::uint64_t root : {1, 2, 3, 4, 5, 7, 8, 11, 16, 23, 32}) {
    const std::uint64_t n = 8192, ranks = root * root;
    const MatmulPlan plan = plan_matmul(n, n, n, ranks, Strips::fine);
    INFO(ranks << " ranks, groups " << plan.groups);
    CHECK(plan.groups == root);
    const double target = 2 * static_cast<double>(n * n) / static_cast<double>(root);
    CHECK(static_cast<double>(loads_of(plan).most_received) <= target);
  }
  for (const std::uint64_t ranks : {2, 3, 5, 6, 7, 12, 13, 31, 32, 61, 63, 127, 1021}) {
    const double n = 8192;
    const auto p = static_cast<double>(ranks);
    for (const Strips strips : {Strips::whole, Strips::fine}) {
      const auto size = static_cast<std::uint64_t>(n);
      const MatmulPlan plan = plan_matmul(size, size, size, ranks, strips);
      const Loads loads = loads_of(plan);
      INFO(ranks << " ranks, groups " << plan.groups);
      CHECK(static_cast<double>(loads.most_of_c) <= 1.02 * n * n / p + 2 * n);
      CHECK(static_cast<double>(loads.most_received) <= 2 * n * n / std::sqrt(p));
      // Whole strips of 256 are few for many ranks.
      const double uneven = strips == Strips::fine ? 1.15 : 1.3;
      if (strips == Strips::fine || ranks <= 7) CHECK(static_cast<double>(loads.most_owned) <= uneven * 2 * n * n / p);
    }
  }
}

TEST_CASE("matmul plan: tall and wide products are cut along their long side") {
  CHECK(plan_matmul(1'000'000, 64, 64, 48, Strips::fine).groups == 1);
  CHECK(plan_matmul(64, 64, 1'000'000, 48, Strips::fine).groups == 48);
  CHECK(plan_matmul(3000, 1000, 12000, 16, Strips::fine).groups == 8);
}

TEST_CASE("matmul plan: stretches of k that lie in one strip of each matrix") {
  for (const std::uint64_t ranks : {1, 2, 3, 4, 6, 7, 12}) {
    const MatmulPlan plan = plan_matmul(500, 5000, 400, ranks, Strips::whole);
    for (std::uint64_t rank = 0; rank < ranks; ++rank) {
      for (std::uint64_t begin = 0; begin < plan.k;) {
        const std::uint64_t end = end_of_strips(plan, rank, begin);
        REQUIRE(end > begin);
        CHECK((end % 256 == 0 || end == plan.k));
        CHECK(pieces_needed(plan, Matrix::b, rank, {begin, end}).size() >= 1);
        for (const MatrixPart& piece : pieces_needed(plan, Matrix::a, rank, {begin, end})) {
          CHECK(piece.columns == Range{begin, end});
        }
        begin = end;
      }
    }
  }
}
