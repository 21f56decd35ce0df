#include "system/hdf5_open.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "system/hdf5_links.hpp"
#include "system/hdf5_unusable.hpp"

namespace concdemo::hdf5 {

namespace {

Handle reading_access() {
  Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), "HDF5 file access"), H5Pclose);
#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
  // Parallel file systems often have no locks.
  H5Pset_file_locking(access.get(), true, true);
#endif
  return access;
}

// h5py's bool is an enumeration of FALSE = 0 and TRUE = 1 over an 8-bit integer.
bool is_bool(Id type) {
  if (H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  const auto is_member = [type](const char* name, signed char expected) {
    signed char value = -1;
    return H5Tenum_valueof(type, name, &value) >= 0 && value == expected;
  };
  return is_member("FALSE", 0) && is_member("TRUE", 1);
}

// A compound of two floats: r and i by h5py, real and imag by MATLAB.
bool is_complex(Id type) {
  if (H5Tget_nmembers(type) != 2) return false;
  const auto is_part = [type](unsigned member, std::string_view expected) {
    char* name = H5Tget_member_name(type, member);
    const bool is_it = name != nullptr && name == expected;
    H5free_memory(name);
    return is_it && H5Tget_member_class(type, member) == H5T_FLOAT;
  };
  return (is_part(0, "r") && is_part(1, "i")) || (is_part(0, "real") && is_part(1, "imag"));
}

bool is_half(Id type) {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, fraction = 0, fraction_bits = 0;
  H5Tget_fields(type, &sign, &exponent, &exponent_bits, &fraction, &fraction_bits);
  return H5Tget_size(type) == 2 && H5Tget_precision(type) == 16 && sign == 15 && exponent == 10 && exponent_bits == 5 &&
         fraction == 0 && fraction_bits == 10 && H5Tget_ebias(type) == 15 && H5Tget_norm(type) == H5T_NORM_IMPLIED;
}

bool is_ieee(Id type) {
  const auto equal = [type](Id other) { return H5Tequal(type, other) > 0; };
  return equal(H5T_IEEE_F32LE) || equal(H5T_IEEE_F32BE) || equal(H5T_IEEE_F64LE) || equal(H5T_IEEE_F64BE) ||
         is_half(type);
}

// A float of 2, 4, 8 or 16 bytes with all its bits in them, which IEEE 754's binary128 can hold. HDF5 1.10 crashes, or
// reads what is not the element's, where a damaged file says otherwise.
bool is_sound_float(Id type) {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, fraction = 0, fraction_bits = 0;
  H5Tget_fields(type, &sign, &exponent, &exponent_bits, &fraction, &fraction_bits);
  const std::size_t size = H5Tget_size(type), bits = 8 * size;
  return (size == 2 || size == 4 || size == 8 || size == 16) && sign < bits && exponent + exponent_bits <= bits &&
         fraction + fraction_bits <= bits && exponent_bits <= 15 && fraction_bits <= 112;
}

// All bits of a number are in its bytes.
bool is_inside(Id type) {
  return static_cast<std::size_t>(std::max(H5Tget_offset(type), 0)) + H5Tget_precision(type) <= 8 * H5Tget_size(type);
}

// Of a number, or of a bit field as the unsigned integer that it is.
TypeInfo describe_number(Id type) {
  const bool floating = H5Tget_class(type) == H5T_FLOAT;
  const bool is_bits = H5Tget_class(type) == H5T_BITFIELD;
  const bool is_signed = floating || (!is_bits && H5Tget_sign(type) == H5T_SGN_2);
  const auto size = static_cast<int>(H5Tget_size(type));
  const auto precision = static_cast<int>(H5Tget_precision(type));
  const H5T_order_t order = H5Tget_order(type);
  const bool ordered = order == H5T_ORDER_LE || order == H5T_ORDER_BE || size == 1;
  const bool whole = precision == 8 * size && (size == 1 || size == 2 || size == 4 || size == 8);
  TypeInfo info;
  info.numeric = is_inside(type) && (floating ? is_sound_float(type) : precision <= 64 && size <= 16);
  info.library_conversion = !ordered || !(floating ? size <= 8 && is_ieee(type) : whole);
  info.format.kind = floating    ? ElementKind::floating
                     : is_signed ? ElementKind::signed_integer
                                 : ElementKind::unsigned_integer;
  info.format.size = !info.library_conversion ? size : floating ? 16 : 8;
  info.format.big_endian =
      info.library_conversion ? H5Tget_order(H5T_NATIVE_INT) == H5T_ORDER_BE : size > 1 && order == H5T_ORDER_BE;
  const char* kind = floating ? "float" : is_bits ? "bitfield" : is_signed ? "int" : "uint";
  const char* ending = order == H5T_ORDER_BE && size > 1 ? "big-endian " : "";
  info.name = info.library_conversion ? fmt::format("{}{}-bit {} in {} bytes", ending, precision, kind, size)
                                      : fmt::format("{}{}{}", ending, kind, precision);
  return info;
}

TypeInfo describe_enumeration(Id type) {
  const Handle base(H5Tget_super(type), H5Tclose);
  TypeInfo info = describe_number(base.get());
  info.name = is_bool(type) ? "bool" : "enumeration of " + info.name;
  return info;
}

// binary128 in the order of the host, from a type of it that HDF5 knows.
Handle quad_type() {
  Handle type(checked(H5Tcopy(H5T_NATIVE_DOUBLE), "HDF5 type"), H5Tclose);
  H5Tset_size(type.get(), 16);
  H5Tset_precision(type.get(), 128);
  H5Tset_fields(type.get(), 127, 112, 15, 0, 112);
  H5Tset_ebias(type.get(), 16383);
  checked(H5Tset_norm(type.get(), H5T_NORM_IMPLIED), "HDF5 type");
  return type;
}

}  // namespace

Handle open_file(const std::string& file) {
  const Content content = look_into(file);
  const Handle access = reading_access();
  Handle opened(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (opened.valid()) return opened;
  const Error error = unreadable(file);
  throw error.code == ExitCode::system ? error : unusable(file, content, error_text());
}

Handle open_dataset(const Handle& open_file, const std::string& file, const std::string& path,
                    std::uint64_t cache_bytes) {
  const Handle access(checked(H5Pcreate(H5P_DATASET_ACCESS), "HDF5 dataset access"), H5Pclose);
  // Least recently used goes first; a prime number of slots, for HDF5 hashes by modulus.
  checked(H5Pset_chunk_cache(access.get(), 100'003, cache_bytes, 0.0), "HDF5 chunk cache");
  const PathEnd place = follow(open_file, file, path);
  if (!place.broken.empty()) throw usage_error(fmt::format("{}:{} cannot be opened: {}", file, path, place.broken));
  Handle dataset(H5Dopen2(place.file_or(open_file), place.path.c_str(), access.get()), H5Dclose);
  if (!dataset.valid()) throw unreadable(fmt::format("{}:{} cannot be opened", file, path));
  return dataset;
}

Shape shape_of(const Handle& space) {
  const int rank = H5Sget_simple_extent_ndims(space.get());
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(rank, 0)));
  H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
  return {extents.begin(), extents.end()};
}

TypeInfo describe_type(const Handle& type) {
  const auto named = [](std::string name) { return TypeInfo{std::move(name), false, {}, false}; };
  switch (H5Tget_class(type.get())) {
    case H5T_INTEGER:
    case H5T_BITFIELD:
    case H5T_FLOAT: return describe_number(type.get());
    case H5T_STRING: return named("string");
    case H5T_COMPOUND: return named(is_complex(type.get()) ? "complex" : "compound");
    case H5T_ENUM: return describe_enumeration(type.get());
    case H5T_REFERENCE: return named("reference");
    case H5T_OPAQUE: return named("opaque");
    case H5T_VLEN: return named("variable-length list");
    case H5T_ARRAY: return named("array");
    case H5T_TIME: return named("time");
    default: return named("unknown type");
  }
}

Handle native_type(const Handle& type, ElementFormat format) {
  if (format.kind == ElementKind::floating) return quad_type();
  const bool is_bits = H5Tget_class(type.get()) == H5T_BITFIELD;  // which HDF5 converts to bit fields only
  const Id native = is_bits                                      ? H5T_NATIVE_B64
                    : format.kind == ElementKind::signed_integer ? H5T_NATIVE_INT64
                                                                 : H5T_NATIVE_UINT64;
  return {checked(H5Tcopy(native), "HDF5 type"), H5Tclose};
}

}  // namespace concdemo::hdf5
