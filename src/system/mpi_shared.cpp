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

// Where Open MPI and MPICH keep such windows. Touching memory beyond its room would kill the process (SIGBUS).
bool have_room(const Comm& node, std::uint64_t my_bytes) {
  struct statvfs folder {};
  std::uint64_t room = 0;
  if (statvfs("/dev/shm", &folder) == 0) room = std::uint64_t{folder.f_bavail} * folder.f_frsize;
  return node.sum(my_bytes) <= node.min(room - room / 8);
}

// Collective. Its pages are mapped at page boundaries, so every rank skips the same number of bytes to align it.
MPI_Win allocated(const Comm& node, std::size_t my_bytes) {
  MPI_Win win = MPI_WIN_NULL;
  void* base = nullptr;
  check(MPI_Win_allocate_shared(static_cast<MPI_Aint>(my_bytes), 1, MPI_INFO_NULL, node.handle().comm, &base, &win),
        "MPI_Win_allocate_shared (is /dev/shm full?)");
  return win;
}

// Where a rank's part of the window is in this process.
std::uintptr_t address_of(MPI_Win win, int rank) {
  MPI_Aint size = 0;
  int unit = 0;
  void* base = nullptr;
  check(MPI_Win_shared_query(win, rank, &size, &unit, &base), "MPI_Win_shared_query");
  return reinterpret_cast<std::uintptr_t>(base);
}

std::uintptr_t rounded_up(std::uintptr_t bytes, std::uintptr_t to) { return (bytes + to - 1) / to * to; }
std::uintptr_t page_bytes() { return static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)); }
std::uintptr_t up_to_page(std::uintptr_t bytes) { return rounded_up(bytes, page_bytes()); }
// With room to begin at a page.
std::uint64_t room_for(std::uint64_t count) { return up_to_page(count * sizeof(double)) + page_bytes(); }

}  // namespace

struct SharedWindow {
  MPI_Win win = MPI_WIN_NULL;
  std::unique_ptr<char[]> of_one_rank;
  ~SharedWindow() {
    if (win != MPI_WIN_NULL && std::uncaught_exceptions() == 0) MPI_Win_free(&win);
  }
};

SharedMemory::SharedMemory(const Comm& node, std::size_t bytes) : window_(std::make_unique<SharedWindow>()) {
  constexpr std::size_t alignment = 64;
  if (node.size() == 1) {
    window_->of_one_rank = std::make_unique<char[]>(bytes + alignment);  // zeros
    const auto begin = reinterpret_cast<std::uintptr_t>(window_->of_one_rank.get());
    data_ = reinterpret_cast<void*>(rounded_up(begin, alignment));
    return;
  }
  window_->win = allocated(node, node.is_root() ? bytes + alignment : 0);
  data_ = reinterpret_cast<void*>(rounded_up(address_of(window_->win, 0), alignment));
  if (node.is_root()) std::memset(data_, 0, bytes);
  node.barrier();
}

SharedMemory::~SharedMemory() = default;

Comm with_shared_memory(Comm node, std::size_t bytes) {
  constexpr std::uint64_t of_window = std::uint64_t{1} << 16;  // that MPI's own part of it takes
  if (node.size() == 1 || have_room(node, node.is_root() ? bytes + of_window : 0)) return node;
  return node.split(node.rank());
}

bool SharedArrays::fit(const Comm& node, std::uint64_t my_count) { return have_room(node, room_for(my_count)); }

SharedArrays::SharedArrays(const Comm& node, std::uint64_t my_count)
    : window_(std::make_unique<SharedWindow>()), rank_(node.rank()) {
  window_->win = allocated(node, room_for(my_count));
  for (int rank = 0; rank < node.size(); ++rank) {
    auto* const data = reinterpret_cast<double*>(up_to_page(address_of(window_->win, rank)));
    arrays_.emplace_back(data, node.broadcast_value(my_count, rank));
  }
}

SharedArrays::~SharedArrays() = default;

void SharedArrays::let_go(std::span<const double> part) const {
  const std::uintptr_t begin = up_to_page(reinterpret_cast<std::uintptr_t>(part.data()));
  const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) / page_bytes() * page_bytes();
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace concdemo::mpi
