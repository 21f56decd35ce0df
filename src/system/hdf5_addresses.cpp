#include "system/hdf5_addresses.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "system/files.hpp"
#include "system/hdf5_open.hpp"

namespace concdemo::hdf5 {
namespace {

// What HDF5's driver interface wants of a driver's file: its own part first.
struct DriverFile {
  H5FD_t common{};
  files::Descriptor descriptor;
  haddr_t end_of_allocation = 0, end_of_file = 0;
};
DriverFile* ours(H5FD_t* file) { return reinterpret_cast<DriverFile*>(file); }
const DriverFile* ours(const H5FD_t* file) { return reinterpret_cast<const DriverFile*>(file); }

// Of raw data, while somebody wants to know: where HDF5 would have read, instead of reading. Guarded by the Lock.
struct Noted {
  bool wanted = false;
  StoredChunk chunk;
} noted;

H5FD_t* open_driver(const char* name, unsigned, hid_t, haddr_t) {
  auto* file = new DriverFile;
  std::uint64_t bytes = 0;
  if (files::open(name, O_RDONLY, file->descriptor) != 0 || files::size_of(file->descriptor.get(), bytes) != 0) {
    delete file;
    return nullptr;
  }
  file->end_of_file = bytes;
  return &file->common;
}

herr_t close_driver(H5FD_t* file) {
  delete ours(file);
  return 0;
}

herr_t read_driver(H5FD_t* file, H5FD_mem_t type, hid_t, haddr_t address, std::size_t size, void* buffer) {
  if (noted.wanted && type == H5FD_MEM_DRAW) {
    noted.chunk.address = address;
    noted.chunk.bytes = size;
    return 0;
  }
  const std::span bytes(static_cast<std::byte*>(buffer), size);
  std::size_t got = 0;
  if (files::read_all(ours(file)->descriptor.get(), bytes, address, got) != 0) return -1;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(got), bytes.end(), std::byte{0});  // as HDF5's own driver
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t driver{};
#if H5_VERSION_GE(1, 13, 2)
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(511);  // of those that need no registration
#endif
  driver.name = "concdemo_addresses";
  driver.maxaddr = HADDR_MAX;
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.open = open_driver;
  driver.close = close_driver;
  driver.query = [](const H5FD_t*, unsigned long* flags) -> herr_t { return *flags = 0, 0; };
  driver.get_eoa = [](const H5FD_t* file, H5FD_mem_t) { return ours(file)->end_of_allocation; };
  driver.set_eoa = [](H5FD_t* file, H5FD_mem_t, haddr_t end) -> herr_t {
    return ours(file)->end_of_allocation = end, 0;
  };
  driver.get_eof = [](const H5FD_t* file, H5FD_mem_t) { return ours(file)->end_of_file; };
  driver.read = read_driver;
  driver.write = [](H5FD_t*, H5FD_mem_t, hid_t, haddr_t, std::size_t, const void*) -> herr_t { return -1; };
  const H5FD_mem_t kinds[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(kinds), std::end(kinds), driver.fl_map);
  return driver;
}

#if H5_VERSION_GE(2, 0, 0)
constexpr auto read_chunk = H5Dread_chunk1;
#else
constexpr auto read_chunk = H5Dread_chunk;
#endif

Handle access_by_driver() {
  static const H5FD_class_t driver = driver_class();
  static const hid_t id = H5FDregister(&driver);
  Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), "HDF5 file access"), H5Pclose);
  checked(H5Pset_driver(access.get(), checked(id, "HDF5 driver"), nullptr), "HDF5 driver");
  return access;
}

}  // namespace

ChunkAddresses::ChunkAddresses(const std::string& file, const std::string& path)
    : name_(file + ":" + path),
      file_(readable(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access_by_driver().get()), file), H5Fclose),
      dataset_(open_dataset(file_, file, path)) {}

StoredChunk ChunkAddresses::find(const Shape& start) {
  const std::vector<hsize_t> offset(start.begin(), start.end());
  std::byte unused{};
  std::uint32_t mask = 0;
  noted = {true, {}};
  const herr_t read = read_chunk(dataset_.get(), H5P_DEFAULT, offset.data(), &mask, &unused);
  StoredChunk found = std::exchange(noted, {}).chunk;
  found.filter_mask = mask;
  if (read >= 0 && found.bytes > 0) return found;
  const auto what = [&] {
    return fmt::format("{}: looking up its chunk from index [{}] on", name_, fmt::join(start, ", "));
  };
  hsize_t bytes = 0;
  if (H5Dget_chunk_storage_size(dataset_.get(), offset.data(), &bytes) >= 0 && bytes > 0) {
    throw system_error(what() + ": it is said to lie outside of the file; the file is damaged: copy it again");
  }
  // So it is for a chunk that nobody wrote, if the index is sound; else it cannot be gone through.
  if (!is_sound_) {
    const Error error = unreadable(what());
    const Handle space(H5Dget_space(dataset_.get()), H5Sclose);  // 1.10 takes no H5S_ALL
    hsize_t chunks = 0;
    is_sound_ = H5Dget_num_chunks(dataset_.get(), space.get(), &chunks) >= 0;
    if (!is_sound_) throw system_error(error.what());
  }
  return {};
}

}  // namespace concdemo::hdf5
