#pragma once
#include <optional>
#include <string>

#include "base/shape.hpp"
#include "system/hdf5.hpp"

// Datasets of MATLAB's files of version 7.3. Call it under the Lock.
namespace concdemo::hdf5 {

// "MATLAB char" and the like, where the dataset's integers are text, cells or objects; empty where they are numbers.
std::string matlab_kind(const Handle& dataset);

// The extents, in the order of HDF5, of an array without elements: MATLAB stores them as the dataset's data, for
// HDF5 1.6 had no extents of 0. Nothing where the dataset is no such array; usage Error where it should be and is not.
std::optional<Shape> matlab_empty(const Handle& dataset, const std::string& where);

}  // namespace concdemo::hdf5
