#include "lessons/task.hpp"

#include <unistd.h>

#include <bit>
#include <filesystem>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace concdemo;

TEST_CASE("cpu tasks are the sum of squares, by adding and by the closed form") {
  TaskList tasks;
  tasks.numbers = 6;  // 0..5, 6..11, ...
  CHECK(std::bit_cast<double>(run_task(tasks, 0)) == 55);
  CHECK(std::bit_cast<double>(known_result(tasks, 0)) == 55);
  CHECK(std::bit_cast<double>(run_task(tasks, 1)) == 36 + 49 + 64 + 81 + 100 + 121);
  for (const std::uint64_t numbers : {1, 4095, 4096, 4097, 300'000}) {
    tasks.numbers = numbers;
    for (const std::uint64_t index : {0, 1, 99'999}) CHECK(run_task(tasks, index) == known_result(tasks, index));
  }
}

TEST_CASE("spin tasks end where doubling says") {
  TaskList tasks;
  tasks.kind = TaskKind::spin;
  for (const std::uint64_t steps : {0, 1, 2, 2048, 2049, 100'000}) {
    tasks.steps = steps;
    CHECK(run_task(tasks, 7) == known_result(tasks, 7));
  }
  CHECK(run_task(tasks, 7) != run_task(tasks, 8));
}

TEST_CASE("tasks under the global lock give the same results and leave it free") {
  GlobalLock lock;
  TaskList tasks;
  tasks.numbers = 10'000;
  for (const TaskKind kind : {TaskKind::cpu, TaskKind::spin, TaskKind::sleep}) {
    tasks.kind = kind;
    const std::scoped_lock hold(lock);
    CHECK(run_task(tasks, 3, &lock) == known_result(tasks, 3));
  }
}

TEST_CASE("file tasks leave nothing behind, and name the file that fails") {
  TaskList tasks;
  tasks.kind = TaskKind::file;
  const auto folder = std::filesystem::temp_directory_path() / ("concdemo-task-test-" + std::to_string(::getpid()));
  tasks.file_prefix = (folder / "x").string();
  tasks.bytes = 5000;
  std::filesystem::create_directory(folder);
  CHECK(run_task(tasks, 2) == 5000);
  CHECK(std::filesystem::is_empty(folder));
  std::filesystem::remove(folder);
  CHECK_THROWS_AS(run_task(tasks, 2), Error);
}

TEST_CASE("an answer is right with status 200 and the page that is known") {
  TaskList tasks;
  tasks.url = "http://x/";
  CHECK(result_of(tasks, {200, "any", ""}) == 200);
  CHECK_THROWS_AS(result_of(tasks, {404, "", ""}), Error);
  CHECK_THROWS_AS(result_of(tasks, {0, "", "refused"}), Error);
  tasks.page = "page";
  CHECK(result_of(tasks, {200, "page", ""}) == 200);
  CHECK_THROWS_AS(result_of(tasks, {200, "pag", ""}), Error);
}
