#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace concdemo {

struct XdmfField {
  std::string name;
  std::uint64_t snapshots = 0;  // that the HDF5 file has room for
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
};

std::string xdmf_path(const std::string& file);          // "out.xmf" of "out.h5"
std::string xdmf_partial_path(const std::string& file);  // "out.xmf.partial"

// XDMF 3: snapshot i of FIELD in `file_name` (of the same folder) at times[i], on a grid of points one apart.
std::string xdmf_text(const std::string& file_name, const XdmfField& field, std::span<const double> times);

// By which an earlier one of the same file is recognised.
std::string xdmf_opening(const std::string& file_name);

}  // namespace concdemo
