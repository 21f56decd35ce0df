#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace concdemo {

// Page-aligned array of doubles in huge pages where the system gives them. The memory is mapped, not touched: the
// thread that writes an element first decides on which NUMA node it lies. Throws std::bad_alloc.
class Array {
 public:
  Array() = default;
  explicit Array(std::uint64_t count);

  std::span<double> span() { return {data_.get(), size_}; }
  std::span<const double> span() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }
  void shrink(std::size_t count) { size_ = count < size_ ? count : size_; }  // keeps the memory

 private:
  struct Unmap {
    std::size_t bytes;
    void operator()(double* data) const;
  };
  std::unique_ptr<double, Unmap> data_{nullptr, Unmap{0}};
  std::size_t size_ = 0;
};

// Of ones, written by the team that will read it: thread t of T touches the t-th of T equal parts first.
Array touched_array(std::uint64_t count, int threads);

}  // namespace concdemo
