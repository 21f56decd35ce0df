#include "system/hdf5_unusable.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "base/text.hpp"
#include "system/files.hpp"

namespace concdemo::hdf5 {
namespace {

using namespace std::string_view_literals;

// What other kinds of files begin with, and how they become HDF5; FILE and NEW stand for names.
struct Kind {
  std::string_view beginning;
  std::string_view name;
  std::string_view way_out;
};
constexpr std::array kinds{
    Kind{"CDF\x01", "a netCDF classic file", "nccopy -k nc4 FILE NEW"},
    Kind{"CDF\x02", "a netCDF classic file (64-bit offset)", "nccopy -k nc4 FILE NEW"},
    Kind{"CDF\x05", "a netCDF classic file (64-bit data)", "nccopy -k nc4 FILE NEW"},
    Kind{"CDF", "a netCDF classic file", "nccopy -k nc4 FILE NEW"},
    Kind{"\x0e\x03\x13\x01", "an HDF4 file", "h4toh5 FILE NEW"},
    Kind{"GRIB", "a GRIB file", "cdo -f nc4 copy FILE NEW"},
    Kind{"BUFR", "a BUFR file", "bufr_dump -j s FILE (for what is in it)"},
    Kind{"\x93NUMPY", "a NumPy array (.npy)",
         "python3 -c 'import sys, h5py, numpy; h5py.File(sys.argv[2], \"w\")[\"data\"] = "
         "numpy.load(sys.argv[1])' FILE NEW"},
    Kind{"MATLAB 5.0", "a MATLAB file of version 5 to 7",
         "load it in MATLAB and save it with -v7.3, or use scipy.io.loadmat and h5py in Python"},
    Kind{"PK\x03\x04", "a zip archive (as .npz and zipped zarr are)",
         "unzip FILE, and name an HDF5 file of it, or write one in Python"},
    Kind{"\x1f\x8b", "compressed by gzip", "gunzip -k FILE"},
    Kind{"\xfd"
         "7zXZ",
         "compressed by xz", "unxz -k FILE"},
    Kind{"BZh", "compressed by bzip2", "bunzip2 -k FILE"},
    Kind{"\x28\xb5\x2f\xfd", "compressed by zstd", "unzstd FILE"},
    Kind{"\x04\x22\x4d\x18", "compressed by lz4", "unlz4 FILE"},
    Kind{"PAR1", "a Parquet file", "pandas.read_parquet and h5py in Python"},
    Kind{"II*\0"sv, "a TIFF image", "gdal_translate -of netCDF FILE NEW"},
    Kind{"MM\0*"sv, "a TIFF image", "gdal_translate -of netCDF FILE NEW"},
    Kind{"SIMPLE  =", "a FITS file", "astropy.io.fits and h5py in Python"},
    Kind{"SQLite format 3", "an SQLite database", "pandas.read_sql and h5py in Python"},
    Kind{"version https://git-lfs", "the place of a file that git-lfs has not fetched yet", "git lfs pull"},
    Kind{"<!DOCTYPE", "a web page", "download the file itself"},
    Kind{"<html", "a web page", "download the file itself"},
};

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

std::string new_name(const std::string& file, const char* ending) {
  return std::filesystem::path(file).replace_extension().string() + ending;
}

std::string foreign(const std::string& file, const Content& content) {
  for (const Kind& kind : kinds) {
    if (!content.beginning.starts_with(kind.beginning)) continue;
    return fmt::format("{} is {}, not HDF5 or netCDF-4; first: {}", file, kind.name,
                       replaced(replaced(std::string(kind.way_out), "FILE", shell_word(file)), "NEW",
                                shell_word(new_name(file, "-hdf5.h5"))));
  }
  const bool is_text = std::all_of(content.beginning.begin(), content.beginning.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 32 || c == '\n' || c == '\r' || c == '\t';
  });
  return fmt::format(
      "{} is not an HDF5 or netCDF-4 file (its {} bytes have no HDF5 signature){}", file, content.bytes,
      is_text ? fmt::format("; a table of numbers becomes one by scripts/sample_data convert {}", shell_word(file))
              : "");
}

bool has(const Content& content, std::string_view part) { return content.superblock.find(part) != std::string::npos; }

std::optional<Content> look_beside(const std::string& file) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(file, none)) return {};
  Content content = look_into(file);
  if (!content.has_signature) return {};
  return content;
}

// One of the files that together are an HDF5 file: HDF5's drivers "family" and "multi" (with "split") keep it so.
std::optional<std::string> member_of_several(const std::string& file, const Content& content) {
  const std::filesystem::path path(file);
  const std::string folder = path.has_parent_path() ? path.parent_path().string() + "/" : "";
  const std::string name = path.filename().string();
  const auto ending = name.rfind("-");
  if (ending != std::string::npos && ending + 1 < name.size()) {
    const std::string metadata = folder + name.substr(0, ending) + "-m" + name.substr(ending + 2);
    const auto first = content.has_signature ? content : look_beside(metadata).value_or(Content{});
    if (has(first, "NCSAmult")) {
      const std::string whole = folder + name.substr(0, ending);
      return fmt::format(
          "{} is one of the files of the driver \"split\" or \"multi\", which hold an HDF5 file together; "
          "join them: h5repack {} {}",
          file, shell_word(whole), shell_word(whole + "-joined.h5"));
    }
  }
  // Any number in the name may be the member's; the one in ".h5" seldom is.
  constexpr std::string_view digit = "0123456789";
  for (auto last = name.find_last_of(digit); last != std::string::npos;) {
    const auto before = name.find_last_not_of(digit, last);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1, digits = last + 1 - begin;
    const auto with = [&](const std::string& number) {
      return folder + name.substr(0, begin) + number + name.substr(last + 1);
    };
    const bool is_first = name.find_first_not_of('0', begin) > last;
    for (const bool padded : {true, false}) {
      const std::string first_name = with(padded ? std::string(digits, '0') : "0");
      const auto first = is_first ? content : look_beside(first_name).value_or(Content{});
      if (!has(first, "NCSAfami")) continue;
      const std::string pattern = padded && digits > 1 ? fmt::format("%0{}d", digits) : "%d";
      return fmt::format(
          "{} is one of the files of the driver \"family\", which hold an HDF5 file together; join them: "
          "h5repart -family_to_sec2 {} {}",
          file, shell_word(with(pattern)), shell_word(with("-joined")));
    }
    last = begin == 0 ? std::string::npos : name.find_last_of(digit, begin - 1);
  }
  return {};
}

// A writer marks the superblock (from its version 3 on) while it has the file open.
std::string still_open(const std::string& file, const Content& content) {
  constexpr std::size_t flags_at = 11;
  constexpr int swmr = 4;
  const bool by_swmr = content.superblock.size() > flags_at && (content.superblock[flags_at] & swmr) != 0;
  const std::string copy = new_name(file, "-copy.h5");
  return fmt::format(
      "{} is open for {}, or was left so by a program that did not close it; wait for that program, or take "
      "what is there so far from a copy: cp {} {} && h5clear -s {}",
      file, by_swmr ? "SWMR writing (a single writer, multiple readers)" : "writing", shell_word(file),
      shell_word(copy), shell_word(copy));
}

}  // namespace

Content look_into(const std::string& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw usage_error(fmt::format("cannot read {}: there is no such file; check its name", file));
  }
  if (std::filesystem::is_directory(status)) {
    const auto holds = [&](const char* name) {
      return std::filesystem::exists(std::filesystem::path(file) / name, error);
    };
    if (holds("zarr.json") || holds(".zgroup") || holds(".zarray")) {
      throw usage_error(fmt::format(
          "cannot read {}: it is a zarr folder, not an HDF5 file; convert it: python3 -c 'import sys, xarray; "
          "xarray.open_zarr(sys.argv[1]).to_netcdf(sys.argv[2])' {} {}",
          file, shell_word(file), shell_word(new_name(file, "-hdf5.h5"))));
    }
    throw usage_error(fmt::format("cannot read {}: it is a folder; name an HDF5 or netCDF-4 file in it", file));
  }
  if (!error && !std::filesystem::is_regular_file(status)) {
    throw usage_error(fmt::format("cannot read {}: it is not a regular file; name an HDF5 or netCDF-4 file", file));
  }
  files::Descriptor opened;
  const int failure = error ? error.value() : files::open(file, O_RDONLY, opened);
  if (failure != 0) {
    const bool of_the_machine = failure == EIO || failure == EMFILE || failure == ENFILE || failure == ENOMEM;
    throw Error(of_the_machine ? ExitCode::system : ExitCode::usage,
                fmt::format("cannot read {}: {}", file, files::error_text(failure)));
  }
  Content content;
  files::size_of(opened.get(), content.bytes);
  const auto bytes_at = [&](std::uint64_t at, std::size_t most) {
    std::string bytes(most, '\0');
    std::size_t got = 0;
    const int unread = files::read_all(opened.get(), std::as_writable_bytes(std::span(bytes)), at, got);
    if (unread != 0) throw system_error(fmt::format("cannot read {}: {}", file, files::error_text(unread)));
    bytes.resize(got);
    return bytes;
  };
  content.beginning = bytes_at(0, 512);
  constexpr std::string_view signature{"\x89HDF\r\n\x1a\n", 8};
  for (std::uint64_t at = 0; at < content.bytes && !content.has_signature; at = at == 0 ? 512 : at * 2) {
    content.has_signature = bytes_at(at, signature.size()) == signature;
    content.signature = at;
  }
  if (content.has_signature) content.superblock = bytes_at(content.signature, 4096);
  return content;
}

Error unusable(const std::string& file, const Content& content, const std::string& reason) {
  if (content.bytes == 0) return usage_error(fmt::format("{} is empty (0 bytes)", file));
  if (const auto member = member_of_several(file, content)) return usage_error(*member);
  if (!content.has_signature) return usage_error(foreign(file, content));
  if (reason.find("already open for") != std::string::npos) return usage_error(still_open(file, content));
  if (reason.find("truncated file") != std::string::npos) {
    constexpr std::string_view key = "stored_eof = ";
    const auto at = reason.find(key);
    const auto digits = at == std::string::npos ? reason.size() : at + key.size();
    const std::string whole = reason.substr(digits, reason.find_first_not_of("0123456789", digits) - digits);
    return usage_error(fmt::format("{} is truncated: {} bytes of {} are there; copy it again", file, content.bytes,
                                   whole.empty() ? "more" : whole));
  }
  if (reason.find("lock file") != std::string::npos) {
    return usage_error(
        fmt::format("{} is locked, probably by a program that is writing it ({}); wait for it, or set "
                    "HDF5_USE_FILE_LOCKING=FALSE",
                    file, reason));
  }
  return usage_error(fmt::format("{} is a damaged or truncated HDF5 file of {} bytes ({}); copy it again", file,
                                 content.bytes, reason));
}

}  // namespace concdemo::hdf5
