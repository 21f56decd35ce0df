#include "system/hdf5_lzf.hpp"

#ifdef CONCDEMO_HAVE_LZF
#include <hdf5.h>
#include <lzf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace concdemo::hdf5 {
namespace {

constexpr H5Z_filter_t lzf = 32000;          // its number in The HDF Group's register of filters
constexpr std::size_t most_for_a_byte = 88;  // 3 bytes of a stream stand for 264 at most
constexpr std::size_t chunk_bytes_at = 2;    // among the values that h5py's filter stores with a dataset

// HDF5's side of a filter; 0 for failure. It only decompresses. A stream that does not make a whole chunk is damaged:
// HDF5 would read on behind it.
extern "C" std::size_t decompress_lzf(unsigned flags, std::size_t count, const unsigned values[], std::size_t bytes,
                                      std::size_t* room, void** buffer) {
  if ((flags & H5Z_FLAG_REVERSE) == 0) return 0;
  const std::size_t most = bytes * most_for_a_byte;
  const std::size_t known = count > chunk_bytes_at ? values[chunk_bytes_at] : 0;
  if (known > most) return 0;
  const std::size_t size = known > 0 ? known : most;
  void* out = H5allocate_memory(std::max<std::size_t>(size, 1), false);
  if (out == nullptr) return 0;
  const std::size_t made = lzf_decompress(*buffer, static_cast<unsigned>(bytes), out, static_cast<unsigned>(size));
  if (made == 0 || (known > 0 && made != known)) {
    H5free_memory(out);
    return 0;
  }
  H5free_memory(*buffer);
  *buffer = out;
  *room = size;
  return made;
}

}  // namespace

void register_lzf() {
  static const H5Z_class2_t filter{H5Z_CLASS_T_VERS, lzf, 0, 1, "lzf", nullptr, nullptr, decompress_lzf};
  H5Zregister(&filter);
}

}  // namespace concdemo::hdf5

#else

namespace concdemo::hdf5 {
void register_lzf() {}
}  // namespace concdemo::hdf5

#endif
