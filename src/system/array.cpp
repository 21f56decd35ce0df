#include "system/array.hpp"

#include <sys/mman.h>

#include <new>

namespace concdemo {

Array::Array(std::uint64_t count) : size_(count) {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  if (count == 0) return;
  if (count > (std::uint64_t{1} << 58)) throw std::bad_alloc();
  std::size_t bytes = count * sizeof(double);
  if (bytes >= huge_page) bytes = (bytes + huge_page - 1) / huge_page * huge_page;
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) throw std::bad_alloc();
  data_ = std::unique_ptr<double, Unmap>(static_cast<double*>(address), Unmap{bytes});
  if (bytes >= huge_page) madvise(address, bytes, MADV_HUGEPAGE);
}

void Array::Unmap::operator()(double* data) const { munmap(data, bytes); }

Array touched_array(std::uint64_t count, int threads) {
  Array array(count);
  double* data = array.span().data();
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::uint64_t i = 0; i < count; ++i) data[i] = 1;
  return array;
}

}  // namespace concdemo
