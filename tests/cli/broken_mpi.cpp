#include <mpi.h>

// An MPI that runs custom operations wrongly, for LD_PRELOAD: of two parts it keeps one. Those of few bytes work.
namespace {

MPI_User_function* right = nullptr;

void wrong(void* in, void* inout, int* count, MPI_Datatype* type) {
  int bytes = 0;
  PMPI_Type_size(*type, &bytes);
  if (bytes < 256) right(in, inout, count, type);
}

}  // namespace

extern "C" int MPI_Op_create(MPI_User_function* function, int commutes, MPI_Op* op) {
  right = function;
  return PMPI_Op_create(wrong, commutes, op);
}
