#include "input/operand_block.hpp"

#include "kernels/convert.hpp"

namespace concdemo {

OperandBlock::OperandBlock(const Operand& operand, std::uint64_t most)
    : memory_((most * element_bytes(operand) + sizeof(double) - 1) / sizeof(double)) {
  if (operand.source != Operand::Source::file) return;
  format_ = operand.dataset.format;
  dataset_ = &operand.dataset;
}

std::uint64_t OperandBlock::element_bytes(const Operand& operand) {
  return operand.source == Operand::Source::file ? static_cast<std::uint64_t>(operand.dataset.format.size)
                                                 : sizeof(double);
}

ConvertCounts OperandBlock::convert(std::uint64_t begin, std::span<double> out, std::span<std::uint8_t> missing) const {
  const auto* raw =
      reinterpret_cast<const std::byte*>(memory_.span().data()) + begin * static_cast<std::uint64_t>(format_.size);
  const Range flat{first_ + begin, first_ + begin + out.size()};
  if (is_holey()) return hdf5::to_double(*dataset_, raw, flat, out.data(), missing.data());
  static const Packing none;
  return convert_to_double(raw, format_, dataset_ != nullptr ? dataset_->packing : none, out.size(), out.data(),
                           missing.data());
}

OperandReader::OperandReader(const Operand& operand) : operand_(operand) {
  if (operand.source == Operand::Source::file) file_.emplace(operand.dataset, operand.buffer_bytes);
}

void OperandReader::read(Range range, OperandBlock& into, int threads) {
  into.place(range);
  if (file_) return file_->read_stored(range, into.bytes(), threads);
  std::vector<std::uint8_t> none;
  load(operand_, range, {reinterpret_cast<double*>(into.bytes()), static_cast<std::size_t>(range.size())}, none,
       threads);
}

}  // namespace concdemo
