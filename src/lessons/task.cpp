#include "lessons/task.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <numeric>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "kernels/exact_product_sum.hpp"
#include "system/files.hpp"

namespace concdemo {
namespace {

// Work between two check points takes a few microseconds.
constexpr std::uint64_t numbers_between = 4096;
constexpr std::uint64_t steps_between = 2048;

// x -> multiplier * x + increment modulo 2^64 (Knuth's MMIX): each step waits for the one before.
struct Step {
  std::uint64_t multiplier = 6364136223846793005U;
  std::uint64_t increment = 1442695040888963407U;
  std::uint64_t operator()(std::uint64_t x) const { return multiplier * x + increment; }
  Step twice() const { return {multiplier * multiplier, multiplier * increment + increment}; }
};

std::uint64_t sum_of_squares(const TaskList& list, std::uint64_t index, GlobalLock* lock) {
  ExactProductSum sum;
  std::array<double, numbers_between> block;
  for (std::uint64_t done = 0; done < list.numbers; done += numbers_between) {
    const std::span part(block.data(), std::min(numbers_between, list.numbers - done));
    std::iota(part.begin(), part.end(), static_cast<double>(index * list.numbers + done));
    sum.add(part, part);
    if (lock != nullptr) lock->check_point();
  }
  return std::bit_cast<std::uint64_t>(sum.round());
}

// 0^2 + ... + (n-1)^2, exact below 4e12.
UInt128 squares_below(std::uint64_t n) { return n == 0 ? 0 : UInt128{n} * (n - 1) * (2 * UInt128{n} - 1) / 6; }

std::uint64_t spin(std::uint64_t x, std::uint64_t steps, GlobalLock* lock) {
  constexpr Step step;
  while (steps > 0) {
    const std::uint64_t some = std::min(steps, steps_between);
    for (std::uint64_t i = 0; i < some; ++i) x = step(x);
    if (lock != nullptr) lock->check_point();
    steps -= some;
  }
  return x;
}

std::uint64_t spun(std::uint64_t x, std::uint64_t steps) {
  for (Step step; steps > 0; steps /= 2, step = step.twice()) {
    if (steps % 2 == 1) x = step(x);
  }
  return x;
}

// The file loses its name at once, so that it is gone whatever happens to the process.
std::uint64_t write_file(const TaskList& list, std::uint64_t index) {
  const std::string path = fmt::format("{}-{}", list.file_prefix, index);
  const std::vector<std::byte> bytes(list.bytes, static_cast<std::byte>(index));
  std::uint64_t size = 0;
  files::Descriptor file;
  int error = files::open(path, O_WRONLY | O_CREAT | O_EXCL, file);
  if (error == 0 && ::unlink(path.c_str()) != 0) error = errno;
  if (error == 0) error = files::write_all(file.get(), bytes, 0);
  if (error == 0) error = files::sync_all(file.get());
  if (error == 0) error = files::size_of(file.get(), size);
  if (const int closing = file.close(); error == 0) error = closing;
  if (error == 0) return size;
  throw system_error(
      fmt::format("file task {}: {}: {}; TMPDIR names another folder", index, path, files::error_text(error)));
}

}  // namespace

const char* name_of(TaskKind kind) {
  constexpr std::array names{"cpu", "http", "file", "sleep", "spin"};
  return names[static_cast<std::size_t>(kind)];
}

std::uint64_t result_of(const TaskList& list, const http::Answer& answer) {
  if (!answer.error.empty()) throw system_error(fmt::format("{}: {}; is the server up?", list.shown_url, answer.error));
  if (answer.status == 200 && !list.page.empty() && answer.body != list.page) {
    throw system_error(fmt::format("{}: answered with something else than its page", list.shown_url));
  }
  if (answer.status != 200) {
    throw system_error(fmt::format("{}: answered with status {}", list.shown_url, answer.status));
  }
  return 200;
}

std::uint64_t run_task(const TaskList& list, std::uint64_t index, GlobalLock* lock) {
  if (list.kind == TaskKind::cpu) return sum_of_squares(list, index, lock);
  if (list.kind == TaskKind::spin) return spin(index, list.steps, lock);
  const Released released(lock);
  if (list.kind == TaskKind::http) return result_of(list, http::get(list.url));
  if (list.kind == TaskKind::file) return write_file(list, index);
  std::this_thread::sleep_for(std::chrono::duration<double>(list.wait_s));
  return index;
}

std::uint64_t known_result(const TaskList& list, std::uint64_t index) {
  switch (list.kind) {
    case TaskKind::cpu: {
      const std::uint64_t first = index * list.numbers;
      return std::bit_cast<std::uint64_t>(
          static_cast<double>(squares_below(first + list.numbers) - squares_below(first)));
    }
    case TaskKind::http: return 200;
    case TaskKind::file: return list.bytes;
    case TaskKind::spin: return spun(index, list.steps);
    default: return index;
  }
}

double spin_steps_per_us() {
  constexpr std::uint64_t steps = 1'000'000;
  double best_s = 1e9;
  std::uint64_t x = 0;
  for (int i = 0; i < 5; ++i) {
    const double start = now_s();
    x = spin(x, steps, nullptr);
    best_s = std::min(best_s, now_s() - start);
  }
  if (x != spun(0, 5 * steps)) {
    throw Error(ExitCode::verification, "a chain of integer steps has a wrong end: broken hardware");
  }
  return static_cast<double>(steps) * 1e-6 / best_s;
}

}  // namespace concdemo
