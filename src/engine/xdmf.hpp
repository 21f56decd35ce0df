#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "system/files.hpp"

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

// OUT.xmf beside OUT.h5, by which ParaView and VisIt open the committed snapshots as a time series. Each writing
// replaces it by a rename: it is whole at every instant and lists no snapshot that is not durable, but may lag behind
// by a second, or by what a kill took. Without any snapshot there is none, nor for a file name with a colon, where
// XDMF ends the name. For one process (rank 0), one thread at a time.
class Xdmf {
 public:
  Xdmf(const std::string& file, XdmfField field);  // touches nothing

  // Throws usage Error where OUT.xmf, or OUT.xmf.partial, by which it is replaced, is something else than an earlier one of
  // this file. Touches nothing.
  void require_place() const;

  void start(std::vector<double> times);  // lists these snapshots, the first ones; throws system Error
  void add(double time);                  // one more is committed; listed at once, or with others a second later
  void complete();                        // lists all that were added; throws system Error

 private:
  void write();
  files::Descriptor open_own(const std::string& path) const;
  std::string file_, path_, partial_;
  XdmfField field_;
  std::vector<double> times_;
  double next_s_ = 0;  // when the next writing is due
};

}  // namespace concdemo
