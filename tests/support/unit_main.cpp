#include "support/run_catch.hpp"

int main(int argc, char** argv) { return concdemo::run_catch(argc, argv); }
