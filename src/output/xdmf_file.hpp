#pragma once
#include <string>
#include <vector>

#include "format/xdmf.hpp"
#include "system/files.hpp"

namespace concdemo {

// OUT.xmf beside OUT.h5, by which ParaView and VisIt open the committed snapshots as a time series. Each writing
// replaces it by a rename: it is whole at every instant and lists no snapshot that is not durable, but may lag behind
// by a second, or by what a kill took. Without any snapshot there is none, nor for a file name with a colon, where
// XDMF ends the name. For one process (rank 0), one thread at a time.
class Xdmf {
 public:
  Xdmf(const std::string& file, XdmfField field);  // touches nothing

  // Throws usage Error where OUT.xmf, or OUT.xmf.partial, by which it is replaced, is something else than an earlier
  // one of this file. Touches nothing.
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
