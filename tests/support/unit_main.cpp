#include <omp.h>

#include "support/run_catch.hpp"

// OpenMP begins on the main thread, as choose_layout has it in the program: where its first user is a thread that ends,
// critical sections of LLVM 14's runtime read what is no lock.
int main(int argc, char** argv) {
  static_cast<void>(omp_get_max_threads());
  return concdemo::run_catch(argc, argv);
}
