#pragma once
#include <memory>
#include <string>

namespace concdemo {

enum class ProgressMode { automatic, on, off };

// What the program is busy with and for how long, on stderr: where a person watches, one line that is drawn anew every
// second and cleared at the end; with `on` and no terminal a plain line a minute. A thread of its own draws it, with
// what base/tally.hpp counts, so that whoever works only says what it begins. Rank 0 makes one that shows; the others,
// and one that nobody sees, have no thread and cost nothing. CONCDEMO_PROGRESS_S: other seconds, for tests, and
// if less than 1, no phase is too short to be seen.
class Progress {
 public:
  Progress(ProgressMode mode, bool is_root);
  ~Progress();  // clears
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& phase);  // this is begun; ends what was counted
  bool is_due() const;  // the last phase has been drawn: another text would be seen. Spares the making of many
  void clear();         // nothing is under way

 private:
  struct Ticker;
  std::unique_ptr<Ticker> ticker_;
};

}  // namespace concdemo
