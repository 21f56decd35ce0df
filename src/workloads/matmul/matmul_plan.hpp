#pragma once
#include <cstdint>
#include <vector>

#include "base/tiling.hpp"

namespace concdemo {

// Who owns which part of C = A B (A is m x k, B k x n, C m x n) and which part travels when: plain numbers, no MPI. Any
// number of ranks, primes included.
//
// C stays where it is. The ranks form `groups` groups, of equal size or one apart. A group has a range of C's columns,
// as wide as its ranks are many, which cut all rows among them: every rank has a rectangle of 1/P of C.
// A is cut along k into strips that go to the groups in turn; each rank of the group owns its rows of C in them.
// B is cut along k into strips that, within each group, go to its ranks in turn; these own the group's columns in them.
// So a rank owns 1/P of A, B and C, to a strip; for each stretch of k it needs its rows of A from the groups that own
// them, and its columns of B from its own group. `groups` makes the most that any rank receives the least: below
// 2 n^2 / sqrt(P) elements where m = k = n: 0.35 of that for 2 ranks, 0.50 for 4, 0.75 for 16, 0.88 for 61, 0.97 for
// 1021 and for 1024.
struct MatmulPlan {
  std::uint64_t m = 0, k = 0, n = 0;
  std::uint64_t ranks = 1;
  std::uint64_t groups = 1;
  // Depth of the strips: at least all of k where one owner has it all.
  std::uint64_t strip_a = 0;
  std::uint64_t strip_b = 0;
};

// `whole`: as thick as fair parts allow, in multiples of 256, to be multiplied where they lie (ranks share memory).
// `fine`: thinner than 256, so that every panel of 256 comes from many owners at once, each of them sending a little.
enum class Strips { whole, fine };

MatmulPlan plan_matmul(std::uint64_t m, std::uint64_t k, std::uint64_t n, std::uint64_t ranks, Strips strips);

// A rank's place: its group, which ranks that has, and its rectangle of C.
Tile place_of(const MatmulPlan& plan, std::uint64_t rank);

enum class Matrix { a, b };

// A rectangle of A or B that lies in one strip of one owner.
struct MatrixPart {
  Matrix matrix = Matrix::a;
  std::uint64_t from = 0, to = 0;  // its owner, and who needs it; both may be the same
  Range rows;
  Range columns;
  bool operator==(const MatrixPart&) const = default;
};

// What `rank` needs of a matrix to multiply a stretch of k, its own included; in the order of k, then of rows.
std::vector<MatrixPart> pieces_needed(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank, Range k);
// What other ranks need of what `rank` owns in a stretch of k; for each of them in the order that it expects them.
std::vector<MatrixPart> pieces_sent(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank, Range k);

// A part in its owner's memory: strip after strip, each of them row-major.
struct Strip {
  Range rows;  // of the matrix
  Range columns;
  std::uint64_t offset = 0;  // of its first element in the part; its rows follow one another
};
std::vector<Strip> strips_owned(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank);
std::uint64_t part_elements(const MatmulPlan& plan, Matrix matrix, std::uint64_t rank);
// Where a piece's first element lies in the part of its owner, and the distance of its rows.
struct Position {
  std::uint64_t offset = 0;
  std::uint64_t stride = 0;
};
Position position_of(const MatmulPlan& plan, const MatrixPart& piece);

// The end of the longest stretch of k from `begin` on in which what `rank` needs lies in one strip of A and one of B.
std::uint64_t end_of_strips(const MatmulPlan& plan, std::uint64_t rank, std::uint64_t begin);

}  // namespace concdemo
