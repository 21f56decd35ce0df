#include "system/hdf5_sources.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/shape.hpp"
#include "system/files.hpp"
#include "system/hdf5_filters.hpp"
#include "system/hdf5_links.hpp"
#include "system/hdf5_mapping.hpp"
#include "system/hdf5_open.hpp"

namespace concdemo::hdf5 {
namespace {

constexpr std::size_t deepest = 16;  // virtual datasets of virtual datasets
// A block that is missing is told from the end of a series by those that follow it.
constexpr std::uint64_t blocks_ahead = 64;

// Whether each value of the one type is one of the other, so that reading it as that loses nothing.
bool holds(const Handle& type, const Handle& values) {
  if (H5Tequal(type.get(), values.get()) > 0) return true;
  const TypeInfo to = describe_type(type), from = describe_type(values);
  if (!to.numeric || !from.numeric || to.library_conversion || from.library_conversion) return false;
  const auto bits = [](ElementFormat format) {
    if (format.kind != ElementKind::floating)
      return 8 * format.size - (format.kind == ElementKind::signed_integer ? 1 : 0);
    return format.size == 8 ? 53 : format.size == 4 ? 24 : 11;
  };
  if (bits(to.format) < bits(from.format)) return false;
  if (to.format.kind == ElementKind::floating) return true;
  return from.format.kind == ElementKind::unsigned_integer || from.format.kind == to.format.kind;
}

class Examiner {
 public:
  struct Source {
    Shape shape;
    Handle type;
    Handle holes;                    // selects what its own sources leave; only of a virtual dataset
    std::uint64_t deeper_holes = 0;  // elements that it takes from holes of its sources
    std::uint64_t all_holes() const {
      return holes.valid() ? static_cast<std::uint64_t>(H5Sget_select_npoints(holes.get())) + deeper_holes : 0;
    }
  };

  Source examine(const Handle& dataset, const std::string& file, const std::string& where) {
    const Handle creation(readable(H5Dget_create_plist(dataset.get()), where), H5Pclose);
    require_filters(creation, where, file);
    Source source;
    source.type = Handle(readable(H5Dget_type(dataset.get()), where), H5Tclose);
    if (H5Pget_layout(creation.get()) == H5D_VIRTUAL) examine_virtual(dataset, creation, file, where, source);
    const Handle space(readable(H5Dget_space(dataset.get()), where), H5Sclose);
    source.shape = shape_of(space);
    if (H5Pget_external_count(creation.get()) > 0) examine_external(creation, source, file, where);
    return source;
  }
  std::vector<std::string> files;

 private:
  void add_file(const std::string& file) {
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }

  // The dataset `name` of the file `name_of_file`, as the virtual dataset `where` in `file` gives them; examined once.
  const Source& source_of(const Handle& own, const std::string& file, const std::string& name_of_file,
                          const std::string& name) {
    const bool elsewhere = name_of_file != ".";
    const std::string path = elsewhere ? find_named(NamedBy::virtual_dataset, file, name_of_file) : file;
    const auto key = std::pair(path, name);
    if (const auto known = sources_.find(key); known != sources_.end()) return known->second;
    if (std::find(open_.begin(), open_.end(), key) != open_.end() || open_.size() >= deepest) {
      throw usage_error(fmt::format("{}:{} takes elements from itself", path, name));
    }
    open_.push_back(key);
    Handle opened;
    if (elsewhere) {
      opened = open_file(path);
      add_file(path);
    }
    const PathEnd place = follow(elsewhere ? opened : own, path, name);
    if (!place.broken.empty()) throw usage_error(place.broken);
    for (const std::string& each : place.files) add_file(each);
    const Handle dataset = open_dataset(elsewhere ? opened : own, path, name);
    const std::string where = path + ":" + name;
    Source source = examine(dataset, place.file_name, where);
    open_.pop_back();
    return sources_.emplace(key, std::move(source)).first->second;
  }

  // Whether the source holds all that the mapping takes from it.
  static void require_fit(const Source& source, const Mapping& mapping, const Handle& type) {
    if (!holds(type, source.type)) {
      throw usage_error(fmt::format("that is of type {}, whose values {} cannot hold", describe_type(source.type).name,
                                    describe_type(type).name));
    }
    if (H5Sget_select_type(mapping.source_space.get()) == H5S_SEL_ALL) {  // HDF5 stores no shape of it
      const auto wanted = static_cast<std::uint64_t>(H5Sget_select_npoints(mapping.virtual_space.get()));
      if (mapping.numbered || element_count(source.shape) == wanted) return;
      throw usage_error(fmt::format("that is {}, and {} elements are taken", to_text(source.shape), wanted));
    }
    const auto rank = static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(mapping.source_space.get())));
    if (source.shape.size() != rank) {
      throw usage_error(fmt::format("that is {}, and {} dimensions are taken", to_text(source.shape), rank));
    }
    if (endless_dimension(mapping.source_space)) return;
    std::vector<hsize_t> first(rank), last(rank);
    if (H5Sget_select_npoints(mapping.source_space.get()) == 0) return;
    readable(H5Sget_select_bounds(mapping.source_space.get(), first.data(), last.data()),
             "source of a virtual dataset");
    for (std::size_t d = 0; d < rank; ++d) {
      if (last[d] < source.shape[d]) continue;
      throw usage_error(fmt::format("that is {}, and elements up to index {} of dimension {} are taken",
                                    to_text(source.shape), last[d], d));
    }
  }

  // Sets the holes.
  void examine_virtual(const Handle& dataset, const Handle& creation, const std::string& file, const std::string& where,
                       Source& whole) {
    const Handle own(readable(H5Iget_file_id(dataset.get()), where), H5Fclose);
    std::size_t mappings = 0;
    readable(H5Pget_virtual_count(creation.get(), &mappings), where);
    std::vector<std::uint64_t> taken(mappings);  // indices of the endless dimension, or blocks
    Shape stored;
    for (std::size_t i = 0; i < mappings; ++i) {
      const Mapping mapping = mapping_of(creation, i);
      if (i == 0) stored = shape_of(mapping.virtual_space);
      const auto source = [&](std::uint64_t block) -> const Source& {
        const std::string name = numbered_name(mapping.file, block);
        const std::string path = numbered_name(mapping.dataset, block);
        try {
          const Source& found = source_of(own, file, name, path);
          require_fit(found, mapping, whole.type);
          return found;
        } catch (const Error& error) {
          throw Error(error.code, fmt::format("{} takes elements from {} of {}: {}", where, path,
                                              name == "." ? "its own file" : name, error.what()));
        }
      };
      if (mapping.numbered) {
        const std::uint64_t blocks = std::max<std::uint64_t>(1, blocks_of(mapping, file, own));
        while (taken[i] < blocks) whole.deeper_holes += holes_in(source(taken[i]++), mapping, 0);
        continue;
      }
      const Source& found = source(0);
      const auto endless = endless_dimension(mapping.source_space);
      if (endless) taken[i] = indices_below(mapping.source_space, *endless, found.shape[*endless]);
      whole.deeper_holes += holes_in(found, mapping, taken[i]);
    }
    // Only now: of an endless mapping HDF5 opens the sources to tell the shape.
    const Handle space(readable(H5Dget_space(dataset.get()), where), H5Sclose);
    const Shape shape = shape_of(space);
    for (std::size_t d = 0; d < std::min(shape.size(), stored.size()); ++d) {
      if (shape[d] >= stored[d]) continue;
      throw usage_error(
          fmt::format("{} was {}, and its sources give {} now: some are missing, or shorter than they were", where,
                      to_text(stored), to_text(shape)));
    }
    whole.holes = holes_of(creation, space, taken);
  }

  // Elements that the mapping takes of what no source of its source covers.
  static std::uint64_t holes_in(const Source& source, const Mapping& mapping, std::uint64_t taken) {
    if (!source.holes.valid()) return 0;
    const Handle left(readable(H5Scopy(source.holes.get()), "virtual dataset"), H5Sclose);
    const auto before = H5Sget_select_npoints(left.get());
    if (before > 0) subtract(left, mapping.source_space, taken);
    return static_cast<std::uint64_t>(before - H5Sget_select_npoints(left.get())) + source.deeper_holes;
  }

  // How many blocks have a source up to the last one that has; all before it are to be there.
  static std::uint64_t blocks_of(const Mapping& mapping, const std::string& file, const Handle& own) {
    std::uint64_t blocks = 0;
    for (std::uint64_t block = 0; block < blocks + blocks_ahead; ++block) {
      const std::string name = numbered_name(mapping.file, block);
      const std::string dataset = numbered_name(mapping.dataset, block);
      if (mapping.file == name ? has_dataset(file, own, name, dataset) : has_file(file, name)) blocks = block + 1;
    }
    return blocks;
  }

  static bool has_file(const std::string& file, const std::string& name) {
    const auto places = places_of(NamedBy::virtual_dataset, file, name);
    return std::any_of(places.begin(), places.end(), [](const auto& place) {
      std::error_code none;
      return std::filesystem::exists(place, none);
    });
  }

  static bool has_dataset(const std::string& file, const Handle& own, const std::string& name,
                          const std::string& dataset) {
    if (name == ".") return follow(own, file, dataset).broken.empty();
    const std::string path = find_named(NamedBy::virtual_dataset, file, name);
    return follow(open_file(path), path, dataset).broken.empty();
  }

  static Handle holes_of(const Handle& creation, const Handle& space, const std::vector<std::uint64_t>& taken) {
    Handle left(readable(H5Scopy(space.get()), "virtual dataset"), H5Sclose);
    const Shape shape = shape_of(space);
    const std::vector<hsize_t> start(shape.size(), 0), count(shape.begin(), shape.end());
    if (element_count(shape) == 0) {
      readable(H5Sselect_none(left.get()), "virtual dataset");
      return left;
    }
    readable(H5Sselect_hyperslab(left.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
             "virtual dataset");
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const Mapping mapping = mapping_of(creation, i);
      if (!mapping.numbered) subtract(left, mapping.virtual_space, taken[i]);
      for (std::uint64_t block = 0; mapping.numbered && block < taken[i]; ++block) {
        subtract_block(left, mapping.virtual_space, block);
      }
    }
    return left;
  }

  void examine_external(const Handle& creation, const Source& source, const std::string& file,
                        const std::string& where) {
    std::uint64_t needed = element_count(source.shape) * H5Tget_size(source.type.get());
    const int parts = H5Pget_external_count(creation.get());
    for (int i = 0; i < parts && needed > 0; ++i) {
      std::string name(4096, '\0');  // of paths, the system's own limit
      off_t offset = 0;
      hsize_t size = 0;
      readable(H5Pget_external(creation.get(), static_cast<unsigned>(i), name.size() - 1, name.data(), &offset, &size),
               where);
      name.resize(name.find('\0'));
      const std::uint64_t part = std::min<std::uint64_t>(needed, size);
      try {
        require_bytes(file, name, static_cast<std::uint64_t>(offset), part);
      } catch (const Error& error) {
        throw Error(error.code, fmt::format("{} takes {} bytes from offset {} of {} on: {}", where, part, offset, name,
                                            error.what()));
      }
      needed -= part;
    }
    if (needed > 0) {
      throw usage_error(fmt::format("{} names external files that lack {} bytes of it; write it again", where, needed));
    }
  }

  void require_bytes(const std::string& file, const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
    const std::string path = find_named(NamedBy::external_storage, file, name);
    concdemo::files::Descriptor opened;
    std::uint64_t there = 0;
    int error = concdemo::files::open(path, O_RDONLY | O_NONBLOCK, opened);
    if (error == 0) error = concdemo::files::size_of(opened.get(), there);
    if (error != 0) {
      const std::string reason = error == ENOTSUP ? "it is not a regular file" : concdemo::files::error_text(error);
      throw usage_error(fmt::format("cannot read {}: {}", path, reason));
    }
    if (there < offset || there - offset < bytes) {
      throw usage_error(fmt::format("{} is {} bytes long; bring it there whole", path, there));
    }
    add_file(path);
  }

  std::map<std::pair<std::string, std::string>, Source> sources_;
  std::vector<std::pair<std::string, std::string>> open_;  // from the outermost virtual dataset's source on
};

}  // namespace

Sources examine_sources(const Handle& dataset, const std::string& file, const std::string& where) {
  Examiner examiner;
  const std::uint64_t uncovered = examiner.examine(dataset, file, where).all_holes();
  return {std::move(examiner.files), uncovered};
}

}  // namespace concdemo::hdf5
