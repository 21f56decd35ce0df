# cmake -DROOT=folder -DHEADER=file -P mistake_sources.cmake FILE...: writes a header with the text of each FILE (named
# from ROOT).
cmake_minimum_required(VERSION 3.22)
set(entries)
foreach(number RANGE ${CMAKE_ARGC})
  set(file "${CMAKE_ARGV${number}}")
  if(file MATCHES "\\.cpp$")
    file(READ ${ROOT}/${file} text)
    string(APPEND entries "    {\"${file}\", R\"source(${text})source\"},\n")
  endif()
endforeach()
file(WRITE ${HEADER} "#pragma once
#include <string_view>

// Made by mistake_sources.cmake.
namespace concdemo::generated {

struct Source {
  std::string_view file, text;
};

inline constexpr Source sources[] = {
${entries}};

}  // namespace concdemo::generated
")
