#include "system/topology.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <utility>

#include "base/printable.hpp"
#include "base/text.hpp"

namespace concdemo {
namespace {

// A set of CPUs of any size; glibc's cpu_set_t ends at 1024.
class CpuMask {
 public:
  explicit CpuMask(int cpus) : size_(CPU_ALLOC_SIZE(cpus)), set_(CPU_ALLOC(cpus)) { CPU_ZERO_S(size_, set_.get()); }
  std::size_t size() const { return size_; }
  cpu_set_t* get() const { return set_.get(); }

 private:
  struct Free {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  std::size_t size_;
  std::unique_ptr<cpu_set_t, Free> set_;
};

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : "";
}

std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool clean = result.ptr == text.data() + text.size() || *result.ptr == '\n' || *result.ptr == ' ';
  if (result.ec != std::errc{} || !clean || !std::isfinite(value)) return std::nullopt;
  return value;
}

// The number after `key` at the beginning of a line: "MemAvailable:  123 kB".
std::optional<double> field(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t digits = line.find_first_of("0123456789", key.size());
    if (digits != std::string::npos) return number_in(line.substr(digits));
  }
  return std::nullopt;
}

bool lists(const std::string& comma_list, const std::string& item) {
  return ("," + comma_list + ",").find("," + item + ",") != std::string::npos;
}

// Folders of the process's control groups, innermost first, that may limit `controller`: of version 1 and version 2,
// for both can be mounted side by side.
std::vector<std::string> cgroup_folders(const std::string& controller, const std::string& root) {
  std::vector<std::string> folders;
  std::istringstream mounts(read_text(root + "/proc/self/mountinfo"));
  const std::string groups = read_text(root + "/proc/self/cgroup");
  for (std::string line; std::getline(mounts, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::string skip, mount_root, mount_point, type, options;
    std::istringstream(line.substr(0, dash)) >> skip >> skip >> skip >> mount_root >> mount_point;
    std::istringstream(line.substr(dash + 3)) >> type >> skip >> options;
    if (type != "cgroup2" && !(type == "cgroup" && lists(options, controller))) continue;

    std::istringstream group_lines(groups);
    for (std::string group; std::getline(group_lines, group);) {
      const std::size_t first = group.find(':');
      const std::size_t second = first == std::string::npos ? first : group.find(':', first + 1);
      if (second == std::string::npos) continue;
      const std::string controllers = group.substr(first + 1, second - first - 1);
      if (type == "cgroup2" ? !controllers.empty() : !lists(controllers, controller)) continue;
      // Inside a container the mount may show the group itself, or the path may lie outside of what is mounted.
      std::string path = group.substr(second + 1);
      if (mount_root != "/") {
        path = (path + "/").starts_with(mount_root + "/") ? path.substr(mount_root.size()) : "";
      }
      if (path.find("..") != std::string::npos) path.clear();
      for (;;) {
        while (path.ends_with('/')) path.pop_back();
        folders.push_back(root + mount_point + path);
        if (path.empty()) break;
        path.erase(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
      }
    }
  }
  return folders;
}

}  // namespace

std::vector<int> allowed_cpus() {
  for (int limit = 1024; limit <= 1 << 20; limit *= 2) {
    const CpuMask mask(limit);
    if (sched_getaffinity(0, mask.size(), mask.get()) == 0) {
      std::vector<int> cpus;
      for (int cpu = 0; cpu < limit; ++cpu) {
        if (CPU_ISSET_S(static_cast<std::size_t>(cpu), mask.size(), mask.get())) cpus.push_back(cpu);
      }
      return cpus;
    }
    if (errno != EINVAL) break;
  }
  return {};
}

bool pin_this_thread(const std::vector<int>& cpus) {
  if (cpus.empty() || *std::min_element(cpus.begin(), cpus.end()) < 0) return false;
  const CpuMask mask(*std::max_element(cpus.begin(), cpus.end()) + 1);
  for (const int cpu : cpus) CPU_SET_S(static_cast<std::size_t>(cpu), mask.size(), mask.get());
  return sched_setaffinity(0, mask.size(), mask.get()) == 0;
}

std::vector<int> usable_cpus() {
  // The kernel cuts a mask that is too wide down to the cpuset, wherever that is written.
  const std::vector<int> before = allowed_cpus();
  const long configured = sysconf(_SC_NPROCESSORS_CONF);
  std::vector<int> all(static_cast<std::size_t>(std::max<long>(configured, 1)));
  std::iota(all.begin(), all.end(), 0);
  if (!pin_this_thread(all)) return before;
  const std::vector<int> wide = allowed_cpus();
  pin_this_thread(before);
  return wide;
}

std::map<int, int> core_of_cpu(const std::vector<int>& cpus, const std::string& root) {
  std::map<std::pair<int, int>, std::vector<int>> cpus_of_core;  // by package and lowest CPU of the core
  for (const int cpu : cpus) {
    const std::string folder = root + "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    const auto siblings = parse_list(read_text(folder + "thread_siblings_list"));
    const bool known = siblings && std::binary_search(siblings->begin(), siblings->end(), cpu);
    const auto package = number_in(read_text(folder + "physical_package_id"));
    cpus_of_core[{static_cast<int>(package.value_or(0)), known ? siblings->front() : cpu}].push_back(cpu);
  }
  std::map<int, int> core_of;
  int core = 0;
  for (const auto& entry : cpus_of_core) {
    for (const int cpu : entry.second) core_of[cpu] = core;
    ++core;
  }
  return core_of;
}

double cpu_quota(const std::string& root) {
  double quota = 0;
  for (const std::string& folder : cgroup_folders("cpu", root)) {
    const std::string both = read_text(folder + "/cpu.max");  // "max 100000" or "150000 100000"
    const std::size_t blank = both.find(' ');
    auto time = number_in(both);
    auto period = number_in(blank == std::string::npos ? "" : both.substr(blank + 1));
    if (!time) time = number_in(read_text(folder + "/cpu.cfs_quota_us"));
    if (!period) period = number_in(read_text(folder + "/cpu.cfs_period_us"));
    if (!time || !period || !(*time > 0) || !(*period > 0)) continue;
    const double cpus = *time / *period;
    quota = quota > 0 ? std::min(quota, cpus) : cpus;
  }
  return quota;
}

std::uint64_t available_memory(const std::string& root) {
  const std::string machine = read_text(root + "/proc/meminfo");
  const auto free_kib = field(machine, "MemAvailable:");
  double available = free_kib ? *free_kib * 1024 : std::numeric_limits<double>::infinity();
  for (const std::string& folder : cgroup_folders("memory", root)) {
    auto limit = number_in(read_text(folder + "/memory.max"));
    auto used = number_in(read_text(folder + "/memory.current"));
    if (!limit) limit = number_in(read_text(folder + "/memory.limit_in_bytes"));
    if (!used) used = number_in(read_text(folder + "/memory.usage_in_bytes"));
    if (!limit || !used) continue;
    // Pages of files that nobody uses count as used, yet are given up on demand.
    const std::string statistics = read_text(folder + "/memory.stat");
    auto reclaimable = field(statistics, "total_inactive_file ");
    if (!reclaimable) reclaimable = field(statistics, "inactive_file ");
    available = std::min(available, std::max(*limit - *used + reclaimable.value_or(0), 0.0));
  }
  return std::isfinite(available) ? static_cast<std::uint64_t>(available) : 0;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return printable(name.data());
}

std::string cpu_model(const std::string& root) {
  std::ifstream file(root + "/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with("model name") || colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (begin != std::string::npos) return printable(line.substr(begin));
  }
  utsname machine{};
  return uname(&machine) == 0 ? machine.machine : "unknown CPU";
}

}  // namespace concdemo
