#include "system/hdf5_mapping.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>

#include "system/hdf5_open.hpp"

namespace concdemo::hdf5 {
namespace {

// A selection that start, stride, count and block describe, in each dimension.
struct Regular {
  std::vector<hsize_t> start, stride, count, block;
};

std::optional<Regular> regular(const Handle& space) {
  if (H5Sget_select_type(space.get()) != H5S_SEL_HYPERSLABS || H5Sis_regular_hyperslab(space.get()) <= 0) return {};
  const auto rank = static_cast<std::size_t>(H5Sget_simple_extent_ndims(space.get()));
  Regular found{std::vector<hsize_t>(rank), std::vector<hsize_t>(rank), std::vector<hsize_t>(rank),
                std::vector<hsize_t>(rank)};
  H5Sget_regular_hyperslab(space.get(), found.start.data(), found.stride.data(), found.count.data(),
                           found.block.data());
  return found;
}

void take_out(const Handle& left, const Regular& boxes) {
  const bool any = std::none_of(boxes.count.begin(), boxes.count.end(), [](auto count) { return count == 0; });
  if (!any) return;
  readable(H5Sselect_hyperslab(left.get(), H5S_SELECT_NOTB, boxes.start.data(), boxes.stride.data(), boxes.count.data(),
                               boxes.block.data()),
           "selection of a virtual dataset");
}

// HDF5 writes a name whole, and tells how long it is.
template <class Get>
std::string text_of(Get get) {
  const auto length = readable(get(nullptr, std::size_t{0}), "source of a virtual dataset");
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  readable(get(text.data(), text.size()), "source of a virtual dataset");
  text.pop_back();
  return text;
}

}  // namespace

Mapping mapping_of(const Handle& creation, std::size_t index) {
  Mapping mapping;
  mapping.file =
      text_of([&](char* out, std::size_t size) { return H5Pget_virtual_filename(creation.get(), index, out, size); });
  mapping.dataset =
      text_of([&](char* out, std::size_t size) { return H5Pget_virtual_dsetname(creation.get(), index, out, size); });
  mapping.virtual_space = Handle(readable(H5Pget_virtual_vspace(creation.get(), index), "virtual dataset"), H5Sclose);
  mapping.source_space = Handle(readable(H5Pget_virtual_srcspace(creation.get(), index), "virtual dataset"), H5Sclose);
  mapping.numbered = endless_dimension(mapping.virtual_space) && !endless_dimension(mapping.source_space);
  return mapping;
}

std::string numbered_name(const std::string& pattern, std::uint64_t block) {
  std::string name;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = pattern[i] == '%' && i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (next == 'b') name += fmt::format("{}", block);
    else if (next == '%') name += '%';
    else name += pattern[i];
    if (next == 'b' || next == '%') ++i;
  }
  return name;
}

std::optional<std::size_t> endless_dimension(const Handle& space) {
  const auto found = regular(space);
  if (!found) return {};
  for (std::size_t d = 0; d < found->count.size(); ++d) {
    if (found->count[d] == H5S_UNLIMITED || found->block[d] == H5S_UNLIMITED) return d;
  }
  return {};
}

std::uint64_t indices_below(const Handle& space, std::size_t dimension, std::uint64_t extent) {
  const Regular found = regular(space).value();
  const std::uint64_t start = found.start[dimension];
  if (extent <= start) return 0;
  if (found.block[dimension] == H5S_UNLIMITED) return extent - start;
  const std::uint64_t whole = (extent - start) / found.stride[dimension];
  const std::uint64_t rest = (extent - start) % found.stride[dimension];
  return whole * found.block[dimension] + std::min<std::uint64_t>(rest, found.block[dimension]);
}

void subtract(const Handle& left, const Handle& selection, std::uint64_t indices) {
  if (H5Sget_select_type(selection.get()) == H5S_SEL_ALL) {
    readable(H5Sselect_none(left.get()), "virtual dataset");
    return;
  }
  if (const auto found = regular(selection)) {
    const auto d = endless_dimension(selection);
    if (!d) return take_out(left, *found);
    Regular first = *found, rest = *found;
    const std::uint64_t block =
        found->block[*d] == H5S_UNLIMITED ? std::max<std::uint64_t>(indices, 1) : found->block[*d];
    first.block[*d] = block;
    first.count[*d] = indices / block;
    if (found->block[*d] == H5S_UNLIMITED) first.stride[*d] = block;
    take_out(left, first);
    rest.start[*d] += first.count[*d] * found->stride[*d];
    rest.stride[*d] = rest.block[*d] = std::max<std::uint64_t>(indices % block, 1);
    rest.count[*d] = indices % block > 0 ? 1 : 0;
    return take_out(left, rest);
  }
  if (H5Sget_select_type(selection.get()) != H5S_SEL_HYPERSLABS) return;
  const auto rank = static_cast<std::size_t>(H5Sget_simple_extent_ndims(selection.get()));
  const auto blocks =
      static_cast<std::uint64_t>(readable(H5Sget_select_hyper_nblocks(selection.get()), "virtual dataset"));
  std::vector<hsize_t> corners(blocks * 2 * rank);
  readable(H5Sget_select_hyper_blocklist(selection.get(), 0, blocks, corners.data()), "virtual dataset");
  for (std::uint64_t i = 0; i < blocks; ++i) {
    const auto begin = corners.begin() + static_cast<std::ptrdiff_t>(2 * rank * i);
    const std::vector<hsize_t> ones(rank, 1);
    Regular box{{begin, begin + static_cast<std::ptrdiff_t>(rank)}, ones, ones, ones};
    for (std::size_t d = 0; d < rank; ++d) {
      box.block[d] = box.stride[d] = begin[static_cast<std::ptrdiff_t>(rank + d)] - box.start[d] + 1;
    }
    take_out(left, box);
  }
}

void subtract_block(const Handle& left, const Handle& selection, std::uint64_t block) {
  Regular found = regular(selection).value();
  const std::size_t d = endless_dimension(selection).value();
  found.start[d] += block * found.stride[d];
  found.count[d] = 1;
  take_out(left, found);
}

}  // namespace concdemo::hdf5
