#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// What the kernel says about this machine and this process. `root` is put before /proc and /sys, for tests; a file that
// is missing or malformed counts as no information, never as an error.
namespace concdemo {

std::vector<int> allowed_cpus();  // CPUs the calling thread may run on, ascending; any machine size
std::vector<int> usable_cpus();   // CPUs it could move to: the machine's, within the cpuset of its container or job

// Moves the calling thread to these CPUs; false when the kernel refuses. Threads it creates later inherit them.
bool pin_this_thread(const std::vector<int>& cpus);

// The physical core of each of these CPUs. Cores are numbered from 0, package by package; a CPU of which nothing is
// known is a core of its own.
std::map<int, int> core_of_cpu(const std::vector<int>& cpus, const std::string& root = "");

// CPU time that the cgroups of this process allow, in CPUs (2.5: two and a half); 0 when there is no limit.
double cpu_quota(const std::string& root = "");

// Bytes this process can still allocate without swapping, cgroup limits counted; 0 when unknown.
std::uint64_t available_memory(const std::string& root = "");

std::string host_name();
std::string cpu_model(const std::string& root = "");  // "AMD EPYC 9654 96-Core Processor"; the architecture if unknown

}  // namespace concdemo
