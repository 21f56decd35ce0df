#include <omp.h>

#include <thread>

#include "support/catch.hpp"

// Hidden: shows that a build with ThreadSanitizer would find a race, in OpenMP code and between threads.
// The right answer may come out all the same, so nothing is checked here.
TEST_CASE("two OpenMP threads write one variable without an order", "[.planted-race]") {
  int shared = 0;
#pragma omp parallel num_threads(2)
  { shared += omp_get_thread_num(); }
  CHECK(shared >= 0);
}

TEST_CASE("two threads write one variable without an order", "[.planted-race]") {
  int shared = 0;
  std::thread other([&] { ++shared; });
  ++shared;
  other.join();
  CHECK(shared >= 0);
}
