#include "workloads/elementwise.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "format/checksum.hpp"
#include "workloads/result_numbers.hpp"

namespace concdemo {

Share::Share(const Context& in, const Problem& problem)
    : context(in),
      range(part_of(element_count(problem.size), static_cast<std::uint64_t>(in.comm.size()),
                    static_cast<std::uint64_t>(in.comm.rank()))) {}

void Share::for_each_piece(const Sink& sink, const std::function<void(std::uint64_t, std::uint64_t)>& piece) const {
  if (sink.file == nullptr) return piece(0, range.size());
  const std::uint64_t step = (std::uint64_t{1} << 20) * static_cast<std::uint64_t>(context.threads);
  for (std::uint64_t begin = 0; begin < range.size(); begin += step) piece(begin, std::min(begin + step, range.size()));
}

std::string Share::checksum(const Array& data) const {
  return fmt::format("{:016x}", context.comm.sum(concdemo::checksum(range.begin, data.span())));
}

Verification Share::verify(const Array& data, const std::string& against, std::uint64_t stride,
                           const std::function<double(std::uint64_t)>& expected) const {
  constexpr std::uint64_t none = ~std::uint64_t{0};
  std::uint64_t wrong = none;
  for (std::uint64_t i = 0; i < data.size() && wrong == none; i += stride) {
    if (!same_bits(data.span()[i], expected(i))) wrong = range.begin + i;
  }
  wrong = context.comm.min(wrong);
  if (wrong == none) return {true, against, ""};
  return {false, against, fmt::format("element {} differs", wrong)};
}

}  // namespace concdemo
