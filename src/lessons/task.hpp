#pragma once
#include <cstdint>
#include <string>

#include "lessons/global_lock.hpp"
#include "system/http.hpp"

namespace concdemo {

enum class TaskKind {
  cpu,    // computes: the sum of squares of a block of numbers
  http,   // waits for a server: one GET
  file,   // waits for a disk: writes and fsyncs a small file
  sleep,  // waits for nothing but the clock
  spin,   // computes a chain of so many steps: its length can be chosen
};
const char* name_of(TaskKind kind);

// A list of tasks of one kind, numbered from 0; only what the kind needs is set.
struct TaskList {
  TaskKind kind = TaskKind::cpu;
  std::uint64_t count = 0;
  std::uint64_t numbers = 0;  // cpu: task i has the numbers i * numbers, i * numbers + 1, ...
  std::uint64_t steps = 0;    // spin
  double wait_s = 0;          // sleep
  std::string url;            // http
  std::string shown_url;      // http: without credentials
  std::string page;           // http: the body that must come; empty: any
  std::string file_prefix;    // file: folder and beginning of the name; each is unlinked as soon as it is open
  std::uint64_t bytes = 0;    // file: of each
};

// Does one task and returns its result. `lock`, where given, is held by the caller: it is released around what blocks,
// and the work between has check points. Any thread. Throws system Error that names the URL or the file.
std::uint64_t run_task(const TaskList& list, std::uint64_t index, GlobalLock* lock = nullptr);

// What a right task returns, found in another way: cpu: the bits of the double nearest to the sum, by its closed form;
// http: status 200; file: its size; sleep: its number; spin: the end of the chain, by doubling.
std::uint64_t known_result(const TaskList& list, std::uint64_t index);

// The result of a task whose answer has come; throws as run_task does.
std::uint64_t result_of(const TaskList& list, const http::Answer& answer);

double spin_steps_per_us();  // measured now, on this thread

}  // namespace concdemo
