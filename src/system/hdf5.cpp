#include "system/hdf5.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <type_traits>
#include <utility>

#include "base/error.hpp"

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

}  // namespace

Lock::Lock() : lock_(library_mutex()) {
  static const bool opened = H5open() >= 0;
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
  return text.empty() ? "HDF5 gives no reason" : text;
}

Id checked(Id result, const std::string& what) {
  if (result < 0) throw system_error(what + ": " + error_text());
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
