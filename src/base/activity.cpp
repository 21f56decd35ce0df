#include "base/activity.hpp"

#include <algorithm>
#include <cstring>

namespace concdemo::activity {
namespace {

thread_local Slot* own = nullptr;
std::atomic<Slot*> io_slot = nullptr;

constexpr auto relaxed = std::memory_order_relaxed;

void set(State state) {
  own->state.store(state, relaxed);
  own->beats.fetch_add(1, relaxed);
}

}  // namespace

void watch(Slot* main_thread, Slot* io_thread) {
  own = main_thread;
  io_slot = io_thread;
}

void report_as_io_thread() { own = io_slot; }

bool is_watched() { return own != nullptr; }

void at(std::string_view what) {
  if (own == nullptr) return;
  std::array<std::uint64_t, std::tuple_size_v<decltype(own->text)>> words{};
  std::memcpy(words.data(), what.data(), std::min(what.size(), sizeof words));
  for (std::size_t i = 0; i < words.size(); ++i) own->text[i].store(words[i], relaxed);
  set(State::working);
}

void beat() {
  if (own != nullptr) own->beats.fetch_add(1, relaxed);
}

void rest() {
  if (own != nullptr) set(State::idle);
}

Waiting::Waiting(State for_whom) {
  if (own == nullptr) return;
  before_ = own->state.load(relaxed);
  set(for_whom);
}

Waiting::~Waiting() {
  if (own != nullptr) set(before_);
}

std::string text_of(const Slot& slot) {
  std::array<std::uint64_t, std::tuple_size_v<decltype(slot.text)>> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = slot.text[i].load(relaxed);
  std::array<char, sizeof words> bytes{};
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return {bytes.begin(), std::find(bytes.begin(), bytes.end(), '\0')};
}

}  // namespace concdemo::activity
