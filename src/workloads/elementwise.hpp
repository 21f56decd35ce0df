#pragma once
#include <functional>
#include <string>

#include "workloads/load.hpp"
#include "workloads/workload.hpp"

namespace concdemo {

// A rank's equal share of a flat array, worked on in pieces so that one piece is written while the next is computed.
struct Share {
  Share(const Context& context, const Problem& problem);

  Context context;
  Range range;  // global element indices

  // Calls piece(begin, end) over [0, range.size()) in order: in pieces when each is to be written while the next is
  // computed (large enough that a fork-join does not show), else at once.
  void for_each_piece(const Sink& sink, const std::function<void(std::uint64_t, std::uint64_t)>& piece) const;

  // Collective: 16 hex digits over all ranks' data; the same for every layout.
  std::string checksum(const Array& data) const;

  // Collective: every stride-th element of this share against expected(i), i counted from the share's begin.
  Verification verify(const Array& data, const std::string& against, std::uint64_t stride,
                      const std::function<double(std::uint64_t)>& expected) const;
};

}  // namespace concdemo
