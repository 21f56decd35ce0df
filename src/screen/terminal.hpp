#pragma once
#include <string>

namespace concdemo {

// Each call is one write, so that lines of several processes do not tear. Called on rank 0 only. No control character
// of a text reaches the screen, see base/printable.hpp; where its newlines are lines of our own, the caller has made
// printable what stands in them from outside.
void print(const std::string& text);    // results, lines: stdout
void message(const std::string& text);  // everything else, one line: stderr, "concdemo: " before it, a newline after
void message_lines(const std::string& text);  // the same of several lines, as an Error has them

// Whether a person sees stderr: it is a terminal, or it goes to a launcher on this host whose stderr is one.
// (Open MPI's mpirun makes isatty(1) true and isatty(2) false, whatever it is connected to.)
bool stderr_is_watched();

// Where stderr_is_watched(): a line that stays until the next, until erase_line(), or until something is printed, which
// erases it first. By any thread.
void draw_line(const std::string& text);
void erase_line();

// For more than a line: printable text with cursor movement, where stderr_is_watched(). Columns of that terminal; 80 if
// unknown.
void draw(const std::string& text);
int terminal_columns();

}  // namespace concdemo
