#include "system/topology.hpp"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "support/catch.hpp"

using namespace concdemo;

namespace {

// A made-up /proc and /sys in a temporary folder.
class FakeMachine {
 public:
  FakeMachine() {
    std::string name = (std::filesystem::temp_directory_path() / "concdemo_topology_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root_ = name;
  }
  ~FakeMachine() { std::filesystem::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  const std::string& root() const { return root_; }
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void write_cpu(int cpu, int package, const std::string& siblings) const {
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    write(folder + "physical_package_id", std::to_string(package) + "\n");
    write(folder + "thread_siblings_list", siblings + "\n");
  }

 private:
  std::string root_;
};

const std::string v2_mount = "30 20 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n";

}  // namespace

TEST_CASE("pinning a thread changes that thread alone") {
  const std::vector<int> mine = allowed_cpus();
  REQUIRE(!mine.empty());
  std::thread([&] {
    CHECK(pin_this_thread({mine.back()}));
    CHECK(allowed_cpus() == std::vector<int>{mine.back()});
    CHECK(usable_cpus().size() >= mine.size());
    CHECK(allowed_cpus() == std::vector<int>{mine.back()});  // asking changed nothing
    CHECK(!pin_this_thread({}));
    CHECK(!pin_this_thread({-1}));
    CHECK(!pin_this_thread({100'000}));
    CHECK(allowed_cpus() == std::vector<int>{mine.back()});
  }).join();
  CHECK(allowed_cpus() == mine);
}

TEST_CASE("hyper-threads of one core share its number, packages come one after the other") {
  const FakeMachine machine;
  for (int core = 0; core < 4; ++core) {  // two sockets, even and odd numbers
    const std::string siblings = std::to_string(core) + "," + std::to_string(core + 4);
    machine.write_cpu(core, core % 2, siblings);
    machine.write_cpu(core + 4, core % 2, siblings);
  }
  CHECK(core_of_cpu({0, 1, 2, 3, 4, 5, 6, 7}, machine.root()) ==
        std::map<int, int>{{0, 0}, {4, 0}, {2, 1}, {6, 1}, {1, 2}, {5, 2}, {3, 3}, {7, 3}});
  CHECK(core_of_cpu({5, 6}, machine.root()) == std::map<int, int>{{6, 0}, {5, 1}});
}

TEST_CASE("a CPU of which nothing sensible is known is a core") {
  const FakeMachine machine;
  machine.write_cpu(1, 0, "garbage");
  machine.write_cpu(2, 0, "5-6");  // does not name itself
  CHECK(core_of_cpu({0, 1, 2}, machine.root()) == std::map<int, int>{{0, 0}, {1, 1}, {2, 2}});
  CHECK(core_of_cpu({}, machine.root()).empty());
  CHECK(core_of_cpu(allowed_cpus()).size() == allowed_cpus().size());
}

TEST_CASE("CPU quota, cgroup version 2: the tightest group on the way up counts") {
  const FakeMachine machine;
  CHECK(cpu_quota(machine.root()) == 0);
  machine.write("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + v2_mount);
  machine.write("/proc/self/cgroup", "0::/a/b/c\n");
  CHECK(cpu_quota(machine.root()) == 0);
  machine.write("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  CHECK(cpu_quota(machine.root()) == 0);
  machine.write("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
  CHECK(cpu_quota(machine.root()) == 2.5);
  machine.write("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  CHECK(cpu_quota(machine.root()) == 2.5);
  machine.write("/sys/fs/cgroup/a/b/cpu.max", "40000 100000\n");
  CHECK(cpu_quota(machine.root()) == 0.4);
  for (const std::string damaged : {"", "garbage", "100000", "100000 0", "-1 100000", "1e999 1", "nan 1"}) {
    machine.write("/sys/fs/cgroup/a/b/cpu.max", damaged);
    CHECK(cpu_quota(machine.root()) == 2.5);
  }
}

TEST_CASE("CPU quota, cgroup version 1, container whose mount shows only its own group") {
  const FakeMachine machine;
  machine.write("/proc/self/mountinfo",
                "31 30 0:28 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
                "32 30 0:29 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n");
  machine.write("/proc/self/cgroup", "4:cpuset:/x\n3:cpu,cpuacct:/docker/abc\n0::/\n");
  machine.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
  machine.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  machine.write("/sys/fs/cgroup/cpuset/x/cpu.cfs_quota_us", "1000\n");  // not the cpu controller's
  machine.write("/sys/fs/cgroup/cpuset/x/cpu.cfs_period_us", "100000\n");
  CHECK(cpu_quota(machine.root()) == 3);
  machine.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  CHECK(cpu_quota(machine.root()) == 0);
}

TEST_CASE("a group outside of the mount falls back to the mount itself") {
  const FakeMachine machine;
  machine.write("/proc/self/mountinfo", v2_mount);
  machine.write("/proc/self/cgroup", "0::/../../other\n");
  machine.write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  CHECK(cpu_quota(machine.root()) == 1);
}

TEST_CASE("available memory is what the machine and every cgroup leave") {
  const FakeMachine machine;
  CHECK(available_memory(machine.root()) == 0);
  machine.write("/proc/meminfo", "MemTotal:  9000 kB\nMemFree: 1 kB\nMemAvailable:    4000 kB\n");
  CHECK(available_memory(machine.root()) == 4'096'000);
  machine.write("/proc/self/mountinfo", v2_mount);
  machine.write("/proc/self/cgroup", "0::/job/step\n");
  machine.write("/sys/fs/cgroup/job/memory.max", "1000000\n");
  machine.write("/sys/fs/cgroup/job/memory.current", "700000\n");
  CHECK(available_memory(machine.root()) == 300'000);
  machine.write("/sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 50000\n");
  CHECK(available_memory(machine.root()) == 350'000);
  machine.write("/sys/fs/cgroup/job/memory.current", "2000000\n");
  CHECK(available_memory(machine.root()) == 0);
  machine.write("/sys/fs/cgroup/job/memory.max", "max\n");
  CHECK(available_memory(machine.root()) == 4'096'000);
  CHECK(available_memory() > 0);
}

TEST_CASE("names") {
  const FakeMachine machine;
  CHECK(!host_name().empty());
  CHECK(!cpu_model().empty());
  CHECK(!cpu_model(machine.root()).empty());
  machine.write("/proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n");
  CHECK(cpu_model(machine.root()) == "Some CPU @ 2 GHz");
}
