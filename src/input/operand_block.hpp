#pragma once
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/partition.hpp"
#include "input/operand.hpp"
#include "kernels/convert.hpp"
#include "system/array.hpp"
#include "system/hdf5_read.hpp"

namespace concdemo {

// Elements of an operand in memory: those of a file as they are stored there, others as float64. Hot loops convert them
// block by block, which saves a pass over memory and the memory of the wider type.
class OperandBlock {
 public:
  OperandBlock() = default;
  OperandBlock(const Operand& operand, std::uint64_t most);  // room for so many; the operand outlives it

  std::uint64_t size() const { return size_; }
  static std::uint64_t element_bytes(const Operand& operand);

  // The elements themselves where they need no conversion and none can be missing; else empty.
  std::span<const double> doubles() const { return may_miss() ? std::span<const double>() : unconverted<double>(); }

  // Elements [begin, end) themselves where they need no conversion and none of them is missing; else empty. T: double,
  // float.
  template <class T>
  std::span<const T> plain(std::size_t begin, std::size_t end) const {
    const auto all = unconverted<T>();
    if (all.empty()) return {};
    const auto part = all.subspan(begin, end - begin);
    const bool is_clean = !may_miss() || (!is_holey() && !any_missing(part, dataset_->packing));
    return is_clean ? part : std::span<const T>();
  }

  // Elements [begin, begin + out.size()) as float64; missing ones are NaN and 1 in the mask (as long as out).
  ConvertCounts convert(std::uint64_t begin, std::span<double> out, std::span<std::uint8_t> missing) const;
  bool may_miss() const { return dataset_ != nullptr && (is_holey() || dataset_->packing.may_miss()); }

  // For whoever fills it: at most as many elements as there is room for.
  std::byte* bytes() { return reinterpret_cast<std::byte*>(memory_.span().data()); }
  void resize(std::uint64_t size) { size_ = size; }
  // From now on its elements are `range` of the operand; until then all of them are what the file holds.
  void place(Range range) { first_ = range.begin, size_ = range.size(), is_placed_ = true; }

 private:
  // Whether there may be elements that the file does not hold.
  bool is_holey() const { return is_placed_ && dataset_ != nullptr && !dataset_->storage.empty(); }
  template <class T>
  std::span<const T> unconverted() const {
    const ElementFormat format{ElementKind::floating, static_cast<int>(sizeof(T)),
                               std::endian::native == std::endian::big};
    const bool is_plain = format_ == format && (dataset_ == nullptr || !dataset_->packing.scaled);
    return is_plain ? std::span(reinterpret_cast<const T*>(memory_.span().data()), static_cast<std::size_t>(size_))
                    : std::span<const T>{};
  }

  ElementFormat format_;
  const hdf5::DatasetInfo* dataset_ = nullptr;  // of a file
  Array memory_;
  std::uint64_t first_ = 0;  // of the operand's elements
  std::uint64_t size_ = 0;
  bool is_placed_ = false;
};

// Loads ranges of one operand, one after the other; one thread at a time. Destroy it before MPI's end.
class OperandReader {
 public:
  explicit OperandReader(const Operand& operand);           // throws as DatasetReader does
  void read(Range range, OperandBlock& into, int threads);  // into has room for it

 private:
  const Operand& operand_;
  std::optional<hdf5::DatasetReader> file_;
};

}  // namespace concdemo
