#pragma once
#include <string>

namespace concdemo {

// Each call is one write, so that lines of several processes do not tear. Called on rank 0 only.
void print(const std::string& text);    // results: stdout
void message(const std::string& text);  // everything else: stderr, "concdemo: " before it and a newline after

enum class ProgressMode { automatic, on, off };

// What the program is busy with, on stderr. On a terminal one line that is overwritten and cleared at the end;
// with `on` and no terminal a plain line a minute at most. Rank 0 makes one that shows; the others one that does not.
class Progress {
 public:
  Progress(ProgressMode mode, bool is_root);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(const std::string& phase);
  void clear();

 private:
  bool terminal_ = false;
  bool plain_ = false;
  bool dirty_ = false;
  double last_s_ = -1e9;
};

// Whether a person sees stderr: it is a terminal, or it goes to a launcher on this host whose stderr is one.
// (Open MPI's mpirun makes isatty(1) true and isatty(2) false, whatever it is connected to.)
bool stderr_is_watched();

// For more than a line: text with cursor movement, where stderr_is_watched(). Columns of that terminal; 80 if unknown.
void draw(const std::string& text);
int terminal_columns();

}  // namespace concdemo
