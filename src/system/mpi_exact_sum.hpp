#pragma once
#include <mpi.h>

#include <type_traits>

#include "kernels/exact_product_sum.hpp"
#include "kernels/exact_sum.hpp"

// Exact sums over the ranks of any MPI program: header alone, to be linked with concdemo::kernels and MPI.
namespace concdemo {

// Collective: the sum of all ranks' sums, the same on each; one MPI_Allreduce of sizeof(Sum) bytes (below 2 KiB)
// whatever the data. Sum is ExactSum or ExactProductSum. Returns MPI's code, MPI_SUCCESS when `sum` is that of all
// ranks.
template <class Sum>
int exact_allreduce(Sum& sum, MPI_Comm comm) {
  static_assert(std::is_trivially_copyable_v<Sum> && sizeof(Sum) < 2048);
  MPI_Datatype type = MPI_DATATYPE_NULL;
  MPI_Op op = MPI_OP_NULL;
  int code = MPI_Type_contiguous(static_cast<int>(sizeof(Sum)), MPI_BYTE, &type);
  if (code == MPI_SUCCESS) code = MPI_Type_commit(&type);
  const auto merge = [](void* in, void* inout, int* count, MPI_Datatype*) {
    for (int i = 0; i < *count; ++i) static_cast<Sum*>(inout)[i].merge(static_cast<Sum*>(in)[i]);
  };
  if (code == MPI_SUCCESS) code = MPI_Op_create(merge, 1, &op);
  if (code == MPI_SUCCESS) code = MPI_Allreduce(MPI_IN_PLACE, &sum, 1, type, op, comm);
  if (op != MPI_OP_NULL) MPI_Op_free(&op);
  if (type != MPI_DATATYPE_NULL) MPI_Type_free(&type);
  return code;
}

}  // namespace concdemo
