#pragma once
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/partition.hpp"
#include "engine/array.hpp"
#include "engine/operand.hpp"
#include "system/hdf5_read.hpp"

namespace concdemo {

// Elements of an operand in memory: those of a file as they are stored there, others as float64. Hot loops convert them
// block by block, which saves a pass over memory and the memory of the wider type.
class Stored {
 public:
  Stored() = default;
  Stored(const Operand& operand, std::uint64_t most);  // room for so many; the operand outlives it

  std::uint64_t size() const { return size_; }
  static std::uint64_t element_bytes(const Operand& operand);

  // The elements themselves where they need no conversion and none can be missing; else empty.
  std::span<const double> doubles() const { return as<double>(8); }
  std::span<const float> floats() const { return as<float>(4); }

  // Elements [begin, begin + out.size()) as float64; missing ones are NaN and 1 in the mask (as long as out).
  LoadCounts convert(std::uint64_t begin, std::span<double> out, std::span<std::uint8_t> missing) const;
  bool may_miss() const { return dataset_ != nullptr && dataset_->may_miss(); }

 private:
  friend class OperandReader;
  template <class T>
  std::span<const T> as(int size) const {
    const bool plain = format_ == ElementFormat{ElementKind::floating, size, std::endian::native == std::endian::big} &&
                       !may_miss() && (dataset_ == nullptr || !dataset_->packing.scaled);
    return plain ? std::span(reinterpret_cast<const T*>(memory_.span().data()), static_cast<std::size_t>(size_))
                 : std::span<const T>{};
  }
  std::byte* bytes() { return reinterpret_cast<std::byte*>(memory_.span().data()); }

  ElementFormat format_;
  const hdf5::DatasetInfo* dataset_ = nullptr;  // of a file
  Array memory_;
  std::uint64_t first_ = 0;  // of the operand's elements
  std::uint64_t size_ = 0;
};

// Loads ranges of one operand, one after the other; one thread at a time. Destroy it before MPI's end.
class OperandReader {
 public:
  explicit OperandReader(const Operand& operand);  // throws as DatasetReader does
  void read(Range range, Stored& into, int threads);  // into has room for it

 private:
  const Operand& operand_;
  std::optional<hdf5::DatasetReader> file_;
};

}  // namespace concdemo
