#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace concdemo {

// What is wrong with the command line and what was probably meant, on one line.
std::string explain(const CLI::App& app, const CLI::ParseError& error, int argc, const char* const* argv);

// Throws CLI::ValidationError when an option of the bare command stands before a command, which would ignore it.
void require_options_after_command(const CLI::App& app);

// Whether a file or folder that was named, or is taken where none was, is relative to the working folder.
bool uses_working_folder(const CLI::App& app);

// The help of the innermost command that was named.
std::string help_text(const CLI::App& app);

}  // namespace concdemo
