// Marks of many students over a pool: how many passed, and what happens when one mark is none.
#include <concdemo/mpi.hpp>
#include <concdemo/rank_pool.hpp>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Count {
  std::uint64_t passed = 0, students = 0;
};

Count graded(int mark) {
  if (mark < 0 || mark > 20) throw std::out_of_range("a mark of " + std::to_string(mark) + "; there are 0 to 20");
  return {mark >= 10 ? 1u : 0u, 1};
}

}  // namespace

int main() {
  const concdemo::mpi::Session session;
  const concdemo::mpi::Comm world = concdemo::mpi::Comm::world();
  concdemo::RankPool pool(world, {.threads = 2});
  std::vector<int> marks;
  for (int student = 0; student < 1044; ++student) marks.push_back(student * 7 % 21);

  // Integers: the order in which results are merged does not matter.
  const Count all = pool.map_reduce<Count>(marks, graded, [](const Count& in, Count& inout) {
    inout.passed += in.passed;
    inout.students += in.students;
  });
  if (world.is_root()) {
    std::printf("%d of %d passed\n", static_cast<int>(all.passed), static_cast<int>(all.students));
  }

  marks[700] = 99;
  try {
    pool.map(marks, [](int mark) { return graded(mark).passed; });
  } catch (const concdemo::ItemError& error) {  // on every rank
    if (world.is_root()) std::printf("%s\n", error.what());
    return all.students == 1044 && error.index == 700 ? 0 : 1;
  }
  return 1;
}
