#pragma once

namespace concdemo {

// Runs the program's test cases; returns the number of those that failed (at most 255).
int run_catch(int argc, char** argv);

}  // namespace concdemo
