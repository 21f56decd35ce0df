#include "system/limits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/error.hpp"
#include "base/text.hpp"
#include "system/files.hpp"

namespace concdemo::limits {
namespace {

rlimit limit_of(int resource) {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
  return limit;
}

// As the shell's ulimit shows it, in units of so many bytes.
std::string shown(int resource, rlim_t unit = 1) {
  const rlim_t soft = limit_of(resource).rlim_cur;
  return soft == RLIM_INFINITY ? "unlimited" : std::to_string(soft / unit);
}

void raise(int resource, rlim_t most) {
  rlimit limit = limit_of(resource);
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= most) return;
  limit.rlim_cur = std::min(limit.rlim_max, most);
  setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
}

// OMP_STACKSIZE: a number, of KiB without one of the suffixes B, K, M, G. 0 where it is not set or not understood.
std::size_t openmp_stack_bytes() {
  const char* given = std::getenv("OMP_STACKSIZE");
  std::string text = given != nullptr ? given : "";
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  if (text.empty()) return 0;
  const char unit = static_cast<char>(text.back() | 0x20);
  const std::size_t at = std::string("bkmg").find(unit);
  if (at != std::string::npos) text.pop_back();
  const auto number = parse_plain_int(text);
  return number ? static_cast<std::size_t>(*number) << (10 * (at == std::string::npos ? 1 : at)) : 0;
}

void* wait_at(void* gate) {
  const std::lock_guard lock(*static_cast<std::mutex*>(gate));
  return nullptr;
}

}  // namespace

void take_what_is_allowed() {
  constexpr rlim_t files_of_a_server = 16'384, usual_stack = 8 << 20, least_stack = 128 << 10;
  files::ignore_size_signal();
  raise(RLIMIT_NOFILE, files_of_a_server);
  raise(RLIMIT_STACK, usual_stack);
  if (limit_of(RLIMIT_STACK).rlim_cur < least_stack) {
    throw system_error(fmt::format("too small a stack: ulimit -s is {}; raise it to {} or more",
                                   shown(RLIMIT_STACK, 1024), least_stack / 1024));
  }
}

void require_files(int more, const std::string& what) {
  std::vector<files::Descriptor> held;
  files::Descriptor file;
  int error = files::open("/dev/null", O_RDONLY, file);
  while (error == 0 && static_cast<int>(held.size()) + 1 < more) {
    const int copy = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
    error = copy < 0 ? errno : 0;
    if (error == 0) held.emplace_back(copy);
  }
  if (error != EMFILE && error != ENFILE) return;
  const auto open = limit_of(RLIMIT_NOFILE).rlim_cur - (error == EMFILE ? held.size() + (file.valid() ? 1 : 0) : 0);
  throw system_error(
      error == ENFILE ? fmt::format("too few file descriptors: this machine has no more; {} needs {}", what, more)
                      : fmt::format("too few file descriptors: ulimit -n is {}; raise it to {} or more, which {} needs",
                                    shown(RLIMIT_NOFILE), open + static_cast<rlim_t>(more), what));
}

HeldThreads::HeldThreads(int count) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (const std::size_t bytes = openmp_stack_bytes()) pthread_attr_setstacksize(&attributes, bytes);
  gate_.lock();
  int error = 0;
  while (error == 0 && static_cast<int>(threads_.size()) < count) {
    pthread_t thread{};
    error = pthread_create(&thread, &attributes, wait_at, &gate_);
    if (error == 0) threads_.push_back(thread);
  }
  pthread_attr_destroy(&attributes);
  if (error == 0) return;
  const std::size_t got = threads_.size();
  let_go();
  const char* stack = std::getenv("OMP_STACKSIZE");
  throw system_error(
      fmt::format("too few threads: the system gives {} of {} more (ulimit -u is {}, ulimit -v is {}{}); raise the "
                  "limit, or take fewer by --threads",
                  got, count, shown(RLIMIT_NPROC), shown(RLIMIT_AS, 1024),
                  stack != nullptr ? fmt::format(", OMP_STACKSIZE is {}", stack) : ""));
}

void HeldThreads::let_go() {
  gate_.unlock();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
  threads_.clear();
}

HeldThreads::~HeldThreads() { let_go(); }

}  // namespace concdemo::limits
