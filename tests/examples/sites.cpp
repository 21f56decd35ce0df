// Python: with ThreadPoolExecutor(8) as pool: print(list(pool.map(ask, sites)))
// Threads are for work that waits; this one needs no MPI.
#include <concdemo/thread_pool.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

std::string ask(const std::string& site) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // an answer takes its time
  return site + ": 21 degrees";
}

}  // namespace

int main() {
  concdemo::ThreadPool pool({.threads = 3, .queue = 16});
  const std::vector<std::string> sites{"lahore", "karachi", "islamabad"};
  for (const std::string& answer : pool.map(sites, ask)) std::printf("%s\n", answer.c_str());

  auto slow = pool.submit([] { return ask("multan"); });
  if (slow.wait_for(std::chrono::milliseconds(1)) == std::future_status::timeout) std::printf("still waiting\n");
  std::printf("%s\n", slow.get().c_str());
  return 0;
}
