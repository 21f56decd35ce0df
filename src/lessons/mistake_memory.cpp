// Threads on the same memory: lost updates, shared cache lines, sums whose order nobody fixed.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <set>
#include <span>

#include "base/partition.hpp"
#include "base/text.hpp"
#include "kernels/exact_sum.hpp"
#include "lessons/mistake.hpp"
#include "lessons/mistake_tools.hpp"

#include <omp.h>

namespace concdemo {
namespace {

constexpr int threads = 4;

// --- race

// The undefined behaviour of this lesson is in these two functions alone. Volatile: each load and store is made.
__attribute__((noinline, no_sanitize("thread"))) void count_unguarded(volatile long& counter, long n) {
  // shown: race.broken
  for (long i = 0; i < n; ++i) {
    counter = counter + 1;  // load, add, store: what another thread stored in between is undone
  }
  // shown end
}

// For a machine where nothing got in between: one CPU, and threads too short to be interrupted.
__attribute__((noinline, no_sanitize("thread"))) void count_interrupted(volatile long& counter, long n) {
  // shown: race.forced
  for (long i = 0; i < n; ++i) {
    const long seen = counter;
    std::this_thread::yield();  // as when the time slice ends here
    counter = seen + 1;
  }
  // shown end
}

struct Count {
  long counted = 0;
  long expected = 0;
  double elapsed_s = 0;
};

Count count_broken(void (*count_up)(volatile long&, long), long n) {
  volatile long counter = 0;
  const double elapsed_s = run_on_threads(threads, [&](int) { count_up(counter, n); });
  return {counter, threads * n, elapsed_s};
}

Count count_with_mutex(long n) {
  long counter = 0;
  std::mutex lock;
  const double elapsed_s = run_on_threads(threads, [&](int) {
    // shown: race.mutex
    for (long i = 0; i < n; ++i) {
      const std::scoped_lock held(lock);
      counter = counter + 1;
    }
    // shown end
  });
  return {counter, threads * n, elapsed_s};
}

Count count_with_atomic(long n) {
  std::atomic<long> counter = 0;
  const double elapsed_s = run_on_threads(threads, [&](int) {
    // shown: race.atomic
    for (long i = 0; i < n; ++i) ++counter;  // one instruction that nothing can get into
    // shown end
  });
  return {counter, threads * n, elapsed_s};
}

Count count_with_reduction(long n) {
  const volatile long one = 1;  // read each time, or the compiler multiplies instead of counting
  const long total = threads * n;
  const double begin_s = now_s();
  // shown: race.reduction
  long counter = 0;
#pragma omp parallel for num_threads(threads) reduction(+ : counter)
  for (long i = 0; i < total; ++i) counter += one;  // each thread has a counter of its own; they meet at the end
  // shown end
  return {counter, total, now_s() - begin_s};
}

Finding count_finding(const Count& count, const char* shown, const char* way, bool right_wanted) {
  const long lost = count.expected - count.counted;
  const double ns = 1e9 * count.elapsed_s / static_cast<double>(count.expected);
  const auto seen = fmt::format("{} of {} increments lost, {:.2f} ns an increment, {}", lost, count.expected, ns,
                                threads_on_cpus(threads));
  const Json figures{{"increments", count.expected}, {"lost", lost}, {"ns_per_increment", ns}, {"threads", threads}};
  return {shown, way, (lost == 0) == right_wanted, seen, figures};
}

Findings run_race() {
  constexpr double patience_s = 0.5;
  constexpr long increments = 200'000;  // of each thread
  const double begin_s = now_s();
  Finding broken;
  for (long n = increments; !broken.as_expected && now_s() - begin_s < patience_s; n *= 2) {
    broken = count_finding(count_broken(count_unguarded, n), "race.broken", "", false);
  }
  if (!broken.as_expected) broken = count_finding(count_broken(count_interrupted, 2'000), "race.forced", "", false);
  count_with_reduction(1);  // OpenMP's threads are started here: starting is not timed in the other ways either
  return {broken,
          {count_finding(count_with_mutex(increments), "race.mutex", "a mutex", true),
           count_finding(count_with_atomic(increments), "race.atomic", "an atomic", true),
           count_finding(count_with_reduction(increments), "race.reduction", "an OpenMP reduction", true)}};
}

// --- false-sharing

// shown: false-sharing.broken
struct alignas(64) Neighbours {
  volatile long counter[threads] = {};  // one for each thread, all on one cache line
};
// shown end

// shown: false-sharing.mended
struct alignas(128) Apart {  // 128: on some CPUs lines come in pairs
  volatile long counter = 0;
};
// shown end

bool same_line(const volatile long& a, const volatile long& b) {
  const long reported = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
  const auto line = [size = reported > 0 ? static_cast<std::uintptr_t>(reported) : 64](const volatile long& counter) {
    return reinterpret_cast<std::uintptr_t>(&counter) / size;
  };
  return line(a) == line(b);
}

struct Sharing {
  bool shared = false;  // of the first two counters
  bool right = false;
  double ns = 0;  // an increment of one thread
};

template <class CounterOf>
Sharing count_each_its_own(CounterOf counter_of) {
  constexpr long n = 10'000'000;  // long enough for the threads to be spread over the CPUs
  const double elapsed_s = run_on_threads(threads, [&](int thread) {
    volatile long& counter = counter_of(thread);
    for (long i = 0; i < n; ++i) counter = counter + 1;
  });
  bool right = true;
  for (int thread = 0; thread < threads; ++thread) right &= counter_of(thread) == n;
  return {same_line(counter_of(0), counter_of(1)), right, 1e9 * elapsed_s / n};
}

Findings run_false_sharing() {
  Neighbours neighbours;
  std::array<Apart, threads> apart;
  const Sharing broken = count_each_its_own([&](int thread) -> volatile long& { return neighbours.counter[thread]; });
  const Sharing mended =
      count_each_its_own([&](int thread) -> volatile long& { return apart[static_cast<std::size_t>(thread)].counter; });
  const auto finding = [](const Sharing& sharing, const char* shown, const char* way, bool shared_wanted) {
    const auto& [shared, right, ns] = sharing;
    const auto seen = fmt::format("counters on {}: {:.2f} ns an increment of a thread, {}",
                                  shared ? "one cache line" : "lines of their own", ns, threads_on_cpus(threads));
    const Json figures{{"one_line", shared}, {"ns_per_increment", ns}, {"threads", threads}};
    return Finding{shown, way, shared == shared_wanted && right, seen, figures};
  };
  Finding padded = finding(mended, "false-sharing.mended", "padding", false);
  padded.seen += fmt::format(", {:.1f} times as fast", broken.ns / mended.ns);
  return {finding(broken, "false-sharing.broken", "", true), {padded}};
}

// --- unordered-sum

double sum_as_it_comes(std::span<const double> values, int team) {
  // shown: unordered-sum.broken
  double sum = 0;
#pragma omp parallel for num_threads(team) reduction(+ : sum)
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i];  // each addition rounds, in an order nobody fixed
  // shown end
  return sum;
}

double sum_exactly(std::span<const double> values, int team) {
  // shown: unordered-sum.mended
  ExactSum sum;
#pragma omp parallel num_threads(team)
  {
    const Range part = part_of(values.size(), static_cast<std::uint64_t>(omp_get_num_threads()),
                               static_cast<std::uint64_t>(omp_get_thread_num()));
    ExactSum mine;  // integers: nothing is rounded
    mine.add(values.subspan(part.begin, part.size()));
#pragma omp critical
    sum.merge(mine);  // in any order
  }
  const double rounded = sum.round();  // once
  // shown end
  return rounded;
}

Findings run_unordered_sum() {
  std::vector<double> values(1'000'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1 / (1 + static_cast<double>(i));
  const std::vector<double> backwards(values.rbegin(), values.rend());
  const auto finding = [&](double (*sum)(std::span<const double>, int), const char* shown, const char* way,
                           bool one_wanted) {
    std::set<std::string> bits{hex16(sum(backwards, 1))};
    double low = sum(backwards, 1);
    double high = low;
    for (int team = 1; team <= 8; ++team) {
      const double value = sum(values, team);
      bits.insert(hex16(value));
      low = std::min(low, value);
      high = std::max(high, value);
    }
    const bool is_one = bits.size() == 1;
    const auto results =
        is_one ? fmt::format("always {}", low) : fmt::format("{} results, {} to {}", bits.size(), low, high);
    const auto seen = fmt::format("1 + 1/2 + ... + 1/{} on 1 to 8 threads, and backwards: {}", values.size(), results);
    const Json figures{{"results", bits.size()}, {"lowest", low}, {"highest", high}};
    return Finding{shown, way, is_one == one_wanted, seen, figures};
  };
  return {finding(sum_as_it_comes, "unordered-sum.broken", "", false),
          {finding(sum_exactly, "unordered-sum.mended", "an exact sum", true)}};
}

}  // namespace

const Mistake race_mistake{
    .name = "race",
    .summary = "threads count with one unguarded counter, and increments get lost",
    .mistake =
        "Several threads increment one counter without a lock. An increment is three steps, and threads undo each "
        "other's. In C++ this is undefined behaviour: losing counts is the harmless case.",
    .rule =
        "What several threads write needs a mutex or an atomic; cheapest is not to share: one counter a thread, added "
        "up at the end.",
    .in_process = run_race};

const Mistake false_sharing_mistake{
    .name = "false-sharing",
    .summary = "counters of different threads on one cache line slow one another down",
    .mistake =
        "Each thread has a counter of its own, side by side in an array. The results are right, but CPUs own memory "
        "by the cache line: each write takes the line away from the other threads.",
    .rule = "Give what different threads write often a cache line each; or count in a local variable and store once.",
    .in_process = run_false_sharing};

const Mistake unordered_sum_mistake{
    .name = "unordered-sum",
    .summary = "a floating-point sum whose last digits depend on the number of threads",
    .mistake =
        "A parallel sum adds in an order that depends on the number of threads. Each addition rounds, so that another "
        "order gives other last digits, and results cannot be compared bit by bit.",
    .rule = "Fix the order of the additions, or sum exactly and round once, as `concdemo run sum` does.",
    .in_process = run_unordered_sum};

}  // namespace concdemo
