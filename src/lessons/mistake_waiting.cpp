// Waiting for one another: a queue that is looked into again and again, a resource with more users than places.
#include <fmt/format.h>
#include <time.h>

#include <condition_variable>
#include <mutex>
#include <queue>
#include <semaphore>

#include "base/text.hpp"
#include "lessons/mistake.hpp"
#include "lessons/mistake_tools.hpp"

namespace concdemo {
namespace {

using namespace std::chrono_literals;

// --- queue-without-condition

constexpr int items = 5;

struct Queue {
  std::mutex lock;
  std::condition_variable not_empty;
  std::queue<int> waiting;
};

int take_by_polling(Queue& queue, long& looks) {
  // shown: queue-without-condition.broken
  for (;;) {
    const std::scoped_lock held(queue.lock);
    ++looks;
    if (queue.waiting.empty()) continue;  // and look again, and again
    const int item = queue.waiting.front();
    queue.waiting.pop();
    return item;
  }
  // shown end
}

int take_when_told(Queue& queue, long& looks) {
  // shown: queue-without-condition.mended
  std::unique_lock held(queue.lock);
  queue.not_empty.wait(held, [&] {  // sleeps; looks when told, and at once in case it was told before it slept
    ++looks;
    return !queue.waiting.empty();
  });
  const int item = queue.waiting.front();
  queue.waiting.pop();
  return item;
  // shown end
}

double cpu_time_of_thread_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Consumed {
  std::vector<int> items;
  long looks = 0;
  double cpu_s = 0;
  double elapsed_s = 0;
};

Consumed consume(int (*take)(Queue&, long&)) {
  Queue queue;
  Consumed consumed;
  consumed.elapsed_s = run_on_threads(2, [&](int thread) {
    if (thread == 0) {
      const double begin_s = cpu_time_of_thread_s();
      for (int i = 0; i < items; ++i) consumed.items.push_back(take(queue, consumed.looks));
      consumed.cpu_s = cpu_time_of_thread_s() - begin_s;
      return;
    }
    for (int i = 0; i < items; ++i) {
      std::this_thread::sleep_for(20ms);
      {
        const std::scoped_lock held(queue.lock);
        queue.waiting.push(i);
      }
      queue.not_empty.notify_one();
    }
  });
  return consumed;
}

Findings run_queue_without_condition() {
  const auto finding = [](const Consumed& consumed, const char* shown, const char* way, bool idle_wanted) {
    std::vector<int> expected;
    for (int i = 0; i < items; ++i) expected.push_back(i);
    // A wait looks before it sleeps and when it is told, and may be woken for nothing now and then.
    const bool idle = consumed.looks <= 10 * items;
    const auto& [found, looks, cpu_s, elapsed_s] = consumed;
    const auto seen = fmt::format("{} items in {}, looked for {} times, {} of CPU time", found.size(),
                                  format_seconds(elapsed_s), looks, format_seconds(cpu_s));
    const Json figures{{"items", items}, {"looks", looks}, {"elapsed_s", elapsed_s}, {"cpu_s", cpu_s}};
    return Finding{shown, way, found == expected && idle == idle_wanted, seen, figures};
  };
  return {finding(consume(take_by_polling), "queue-without-condition.broken", "", false),
          {finding(consume(take_when_told), "queue-without-condition.mended", "a condition variable", true)}};
}

// --- no-limit

constexpr int tasks = 8;
constexpr int places = 3;

void use(Gauge& inside) {
  inside.enter();
  std::this_thread::sleep_for(20ms);
  inside.leave();
}

void enter_at_will(std::counting_semaphore<places>&, Gauge& inside) {
  // shown: no-limit.broken
  use(inside);  // a server, a licence, a disk: it has places for 3
  // shown end
}

void enter_when_free(std::counting_semaphore<places>& free_places, Gauge& inside) {
  // shown: no-limit.mended
  free_places.acquire();  // waits while there are none
  use(inside);
  free_places.release();
  // shown end
}

Finding enter_all(void (*enter)(std::counting_semaphore<places>&, Gauge&), const char* shown, const char* way,
                  bool limit_wanted) {
  std::counting_semaphore<places> free_places(places);
  Gauge inside;
  const double elapsed_s = run_on_threads(tasks, [&](int) { enter(free_places, inside); });
  const int most = inside.most();
  const auto seen = fmt::format("{} of {} tasks at once where there are places for {}, {}", most, tasks, places,
                                format_seconds(elapsed_s));
  const Json figures{{"tasks", tasks}, {"places", places}, {"most_at_once", most}, {"elapsed_s", elapsed_s}};
  return {shown, way, (most <= places) == limit_wanted, seen, figures};
}

Findings run_no_limit() {
  constexpr int tries = 10;  // a busy machine may let them in one by one
  Finding broken;
  for (int i = 0; i < tries && !broken.as_expected; ++i) {
    broken = enter_all(enter_at_will, "no-limit.broken", "", false);
  }
  return {broken, {enter_all(enter_when_free, "no-limit.mended", "a semaphore", true)}};
}

}  // namespace

const Mistake queue_without_condition_mistake{
    .name = "queue-without-condition",
    .summary = "a consumer that looks again and again burns a core while it waits",
    .mistake =
        "A consumer waits for items by looking into the queue in a loop. It takes a CPU for itself and the lock from "
        "the producer, only to find nothing.",
    .rule =
        "Wait with a condition variable and a predicate: the predicate is looked at before sleeping and after each "
        "waking.",
    .in_process = run_queue_without_condition};

const Mistake no_limit_mistake{
    .name = "no-limit",
    .summary = "more tasks at once than the resource they use can hold",
    .mistake =
        "Every task is started at once on a resource that serves only a few. A real one refuses, slows down or fails.",
    .rule = "Put a std::counting_semaphore with as many places before it; take one, use it, give it back.",
    .in_process = run_no_limit};

}  // namespace concdemo
