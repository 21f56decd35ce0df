#include "system/mpi_shared.hpp"

#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <exception>

#include "system/mpi_handle.hpp"

namespace concdemo::mpi {

namespace {

constexpr const char* allocate = "MPI_Win_allocate_shared (is /dev/shm full?)";

// Where Open MPI and MPICH keep such windows. Touching memory beyond its room would kill the process (SIGBUS).
bool have_room(const Comm& node, std::uint64_t my_bytes) {
  struct statvfs folder {};
  std::uint64_t room = 0;
  if (statvfs("/dev/shm", &folder) == 0) room = std::uint64_t{folder.f_bavail} * folder.f_frsize;
  return node.sum(my_bytes) <= node.min(room - room / 8);
}

}  // namespace

struct SharedMemory::Window {
  MPI_Win win = MPI_WIN_NULL;
  std::unique_ptr<char[]> of_one_rank;
};

SharedMemory::SharedMemory(const Comm& node, std::size_t bytes) : window_(std::make_unique<Window>()) {
  constexpr std::size_t alignment = 64;
  if (node.size() == 1) {
    window_->of_one_rank = std::make_unique<char[]>(bytes + alignment);  // zeros
    char* begin = window_->of_one_rank.get();
    data_ = begin + (alignment - reinterpret_cast<std::uintptr_t>(begin) % alignment) % alignment;
    return;
  }
  const MPI_Aint mine = node.is_root() ? static_cast<MPI_Aint>(bytes + alignment) : 0;
  void* base = nullptr;
  check(MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, node.handle().comm, &base, &window_->win), allocate);
  MPI_Aint size = 0;
  int unit = 0;
  check(MPI_Win_shared_query(window_->win, 0, &size, &unit, &base), "MPI_Win_shared_query");
  // Pages are mapped at page boundaries, so every rank skips the same number of bytes.
  const auto address = reinterpret_cast<std::uintptr_t>(base);
  data_ = static_cast<char*>(base) + (alignment - address % alignment) % alignment;
  if (node.is_root()) std::memset(data_, 0, bytes);
  node.barrier();
}

SharedMemory::~SharedMemory() {
  if (window_->win != MPI_WIN_NULL && std::uncaught_exceptions() == 0) MPI_Win_free(&window_->win);
}

Comm with_shared_memory(Comm node, std::size_t bytes) {
  constexpr std::uint64_t of_window = std::uint64_t{1} << 16;  // that MPI's own part of it takes
  if (node.size() == 1 || have_room(node, node.is_root() ? bytes + of_window : 0)) return node;
  return node.split(node.rank());
}

struct SharedArrays::Window {
  MPI_Win win = MPI_WIN_NULL;
};

namespace {

std::uintptr_t page_bytes() { return static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)); }
std::uintptr_t up_to_page(std::uintptr_t bytes) { return (bytes + page_bytes() - 1) / page_bytes() * page_bytes(); }
// Room to begin at a page: each rank maps the memory at a page boundary, so all skip the same number of bytes.
std::uint64_t room_for(std::uint64_t count) { return up_to_page(count * sizeof(double)) + page_bytes(); }

}  // namespace

bool SharedArrays::fit(const Comm& node, std::uint64_t my_count) { return have_room(node, room_for(my_count)); }

SharedArrays::SharedArrays(const Comm& node, std::uint64_t my_count)
    : window_(std::make_unique<Window>()), rank_(node.rank()) {
  void* base = nullptr;
  check(MPI_Win_allocate_shared(static_cast<MPI_Aint>(room_for(my_count)), 1, MPI_INFO_NULL, node.handle().comm, &base,
                                &window_->win),
        allocate);
  for (int rank = 0; rank < node.size(); ++rank) {
    MPI_Aint size = 0;
    int unit = 0;
    check(MPI_Win_shared_query(window_->win, rank, &size, &unit, &base), "MPI_Win_shared_query");
    auto* const data = reinterpret_cast<double*>(up_to_page(reinterpret_cast<std::uintptr_t>(base)));
    std::uint64_t count = my_count;
    node.broadcast(std::as_writable_bytes(std::span(&count, 1)), rank);
    arrays_.emplace_back(data, count);
  }
}

SharedArrays::~SharedArrays() {
  if (std::uncaught_exceptions() == 0) MPI_Win_free(&window_->win);
}

void SharedArrays::let_go(std::span<const double> part) const {
  const std::uintptr_t begin = up_to_page(reinterpret_cast<std::uintptr_t>(part.data()));
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) / page_bytes() * page_bytes();
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace concdemo::mpi
