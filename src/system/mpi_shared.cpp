#include "system/mpi_shared.hpp"

#include <cstdint>
#include <cstring>
#include <exception>

#include "system/mpi_handle.hpp"

namespace concdemo::mpi {

struct SharedMemory::Window {
  MPI_Win win = MPI_WIN_NULL;
};

SharedMemory::SharedMemory(const Comm& node, std::size_t bytes) : window_(std::make_unique<Window>()) {
  constexpr std::size_t alignment = 64;
  const MPI_Aint mine = node.is_root() ? static_cast<MPI_Aint>(bytes + alignment) : 0;
  void* base = nullptr;
  check(MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, node.handle().comm, &base, &window_->win),
        "MPI_Win_allocate_shared");
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
  if (std::uncaught_exceptions() == 0) MPI_Win_free(&window_->win);
}

}  // namespace concdemo::mpi
