# What others can use: the program, and the libraries behind find_package(concdemo) with the headers <concdemo/NAME.hpp>.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
# `cmake --install build/release --component program` leaves out the libraries.
install(TARGETS concdemo RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" \"-DPROGRAM=$<TARGET_FILE:concdemo>\"
  \"-DINTO=${PROJECT_BINARY_DIR}/generated\" -P \"${PROJECT_SOURCE_DIR}/src/manual.cmake\" COMMAND_ERROR_IS_FATAL ANY)"
        COMPONENT program)
install(FILES ${PROJECT_BINARY_DIR}/generated/concdemo.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${PROJECT_BINARY_DIR}/generated/concdemo.bash RENAME concdemo
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)

# A public header stands in its own folder; <concdemo/NAME.hpp> includes it. -ffast-math in a caller would change the bits
# of what is inline here, and set flush-to-zero for the whole process.
foreach(header kernels/exact_sum kernels/exact_product_sum kernels/simd pool/thread_pool pool/rank_pool system/mpi
        system/mpi_exact_sum)
  cmake_path(GET header FILENAME name)
  file(CONFIGURE OUTPUT generated/concdemo/${name}.hpp @ONLY CONTENT [[
#pragma once
#ifdef __FAST_MATH__
#error "concdemo's results are exact: compile without -ffast-math"
#endif
#include "@header@.hpp"
]])
endforeach()

# Libraries that were fetched are not installed with this one, which then could not be linked.
foreach(library fmt::fmt nlohmann_json::nlohmann_json hwy::hwy)
  get_target_property(of_the_system ${library} IMPORTED)
  if(NOT of_the_system)
    message(STATUS "installing the program alone: ${library} is not of this system")
    return()
  endif()
endforeach()

set(headers ${CMAKE_INSTALL_INCLUDEDIR}/concdemo)
install(DIRECTORY ${PROJECT_BINARY_DIR}/generated/concdemo/ DESTINATION ${headers})
install(FILES src/base/error.hpp src/base/partition.hpp DESTINATION ${headers}/base)
install(FILES src/system/mpi.hpp src/system/mpi_exact_sum.hpp DESTINATION ${headers}/system)
install(FILES kernels/exact_sum.hpp kernels/exact_product_sum.hpp kernels/exact_accumulator.hpp kernels/simd.hpp
        DESTINATION ${headers}/kernels)
install(FILES src/pool/thread_pool.hpp src/pool/rank_pool.hpp src/pool/pack.hpp DESTINATION ${headers}/pool)

set_target_properties(concdemo_kernels PROPERTIES EXPORT_NAME kernels)
set_target_properties(concdemo_core PROPERTIES EXPORT_NAME core)
install(TARGETS concdemo_kernels concdemo_core EXPORT concdemo ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${headers})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/concdemo)
install(EXPORT concdemo NAMESPACE concdemo:: FILE concdemo-targets.cmake DESTINATION ${package})
file(CONFIGURE OUTPUT concdemo-config.cmake @ONLY CONTENT [[
set(MPI_CXX_SKIP_MPICXX ON)
# The MPI that the libraries were built with, where there are several.
set(MPI_CXX_COMPILER "@MPI_CXX_COMPILER@" CACHE FILEPATH "Compiler wrapper of MPI")
include(CMakeFindDependencyMacro)
find_dependency(MPI COMPONENTS CXX)
find_dependency(OpenMP COMPONENTS CXX)
find_dependency(Threads)
find_dependency(fmt)
find_dependency(nlohmann_json)
find_dependency(HWY)
include(${CMAKE_CURRENT_LIST_DIR}/concdemo-targets.cmake)
]])
write_basic_package_version_file(concdemo-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/concdemo-config.cmake ${PROJECT_BINARY_DIR}/concdemo-config-version.cmake
        DESTINATION ${package})
