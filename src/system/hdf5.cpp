#include "system/hdf5.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "system/hdf5_crash.hpp"
#include "system/hdf5_lzf.hpp"

namespace concdemo::hdf5 {

static_assert(std::is_same_v<Id, hid_t> && std::is_same_v<Closer, herr_t (*)(hid_t)>, "HDF5 1.10 or later");

namespace {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

extern "C" herr_t collect_description(unsigned, const H5E_error2_t* error, void* text) {
  auto& out = *static_cast<std::string*>(text);
  const std::string description = error->desc != nullptr ? error->desc : "";
  // The levels of the library repeat each other.
  if (description.empty() || out.find(description) != std::string::npos) return 0;
  if (!out.empty()) out += ": ";
  out += description;
  return 0;
}

struct Cause {
  bool memory = false;  // HDF5 got none
  bool system = false;  // the machine, or a file server, did not do what it was asked
};

extern "C" herr_t find_cause(unsigned, const H5E_error2_t* error, void* found) {
  auto& cause = *static_cast<Cause*>(found);
  cause.memory |= error->maj_num == H5E_RESOURCE && (error->min_num == H5E_NOSPACE || error->min_num == H5E_CANTALLOC);
  // Raw data of external files, whose lengths are looked at before: HDF5 does not tell why the system refused.
  cause.system |= error->maj_num == H5E_EFL;
  constexpr std::string_view key = "errno = ";
  const std::string_view description = error->desc != nullptr ? error->desc : "";
  const auto at = description.find(key);
  if (at == std::string_view::npos) return 0;
  const int number = std::atoi(description.data() + at + key.size());
  constexpr std::array machine{EIO,    ENOMEM,   EMFILE,    ENFILE,    ESTALE,   ENXIO,
                               ENODEV, ENOTCONN, ESHUTDOWN, ETIMEDOUT, EREMOTEIO};
  cause.system |= std::find(machine.begin(), machine.end(), number) != machine.end();
  return 0;
}

// A damaged file may ask for any amount: it is the machine's memory only when what a sound one needs is not to be had.
bool can_have(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);  // volatile: else the compiler knows that it can
  std::free(block);
  return block != nullptr;
}

}  // namespace

Lock::Lock() : lock_(library_mutex()) {
  static const bool opened = H5open() >= 0 && (register_lzf(), true);
  if (!opened) throw system_error("HDF5 cannot start");
  // A thread-safe build keeps one error stack a thread, hence each time.
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string library_version() {
  unsigned major = 0, minor = 0, release = 0;
  Lock lock;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

std::string error_text() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect_description, &text);
  constexpr std::size_t longest = 800;  // names from a damaged file are of any length
  if (text.size() > longest) text = text.substr(0, longest) + " ...";
  return text.empty() ? "HDF5 gives no reason" : text;
}

Id checked(Id result, const std::string& what) {
  if (result < 0) throw system_error(what + ": " + error_text());
  return result;
}

Error unreadable(const std::string& what, std::size_t fair_bytes) {
  const std::string text = what + ": " + error_text();
  Cause cause;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, find_cause, &cause);
  if (cause.system) return system_error(text);
  if (cause.memory && !can_have(fair_bytes)) return system_error(text + "; use more ranks on more nodes");
  expect_crash_at_end();
  return usage_error(text + "; the file is damaged: copy it again");
}

Id readable(Id result, const std::string& what) {
  if (result < 0) throw unreadable(what);
  return result;
}

Handle::Handle(Handle&& other) noexcept
    : id_(std::exchange(other.id_, -1)), closer_(std::exchange(other.closer_, nullptr)) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(closer_, other.closer_);
  return *this;
}

Handle::~Handle() {
  if (!valid()) return;
  const Lock lock;
  closer_(id_);
}

void Handle::close(const std::string& what) {
  if (!valid()) return;
  const Lock lock;
  checked(closer_(std::exchange(id_, -1)), what);
}

}  // namespace concdemo::hdf5
