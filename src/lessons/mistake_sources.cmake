# cmake -DROOT=folder -DHEADER=file -P mistake_sources.cmake FILE...: writes a header with the lines of each FILE (named
# from ROOT) that stand between "// shown: NAME" and "// shown end".
cmake_minimum_required(VERSION 3.22)
set(begin "// shown: ")
set(end "// shown end")
set(entries)
set(names)
foreach(number RANGE ${CMAKE_ARGC})
  set(file "${CMAKE_ARGV${number}}")
  if(NOT file MATCHES "\\.cpp$")
    continue()
  endif()
  file(READ ${ROOT}/${file} rest)
  set(line 1)
  while(TRUE)
    string(FIND "${rest}" "${begin}" at)
    if(at EQUAL -1)
      break()
    endif()
    # What stands before the lines: the rest of the file up to the end of the marker's line.
    string(SUBSTRING "${rest}" ${at} -1 from_marker)
    string(FIND "${from_marker}" "\n" marker_length)
    string(SUBSTRING "${from_marker}" 0 ${marker_length} marker)
    string(REPLACE "${begin}" "" name "${marker}")
    math(EXPR start "${at} + ${marker_length} + 1")
    string(SUBSTRING "${rest}" 0 ${start} before)
    string(REGEX REPLACE "[^\n]+" "" breaks "${before}")
    string(LENGTH "${breaks}" breaks)
    math(EXPR line "${line} + ${breaks}")
    string(SUBSTRING "${rest}" ${start} -1 rest)
    string(FIND "${rest}" "${end}" length)
    string(FIND "${rest}" "${begin}" next)
    if(length EQUAL -1 OR (NOT next EQUAL -1 AND next LESS length))
      message(FATAL_ERROR "${file}: \"${begin}${name}\" has no \"${end}\"")
    endif()
    if(name IN_LIST names)
      message(FATAL_ERROR "${file}: \"${begin}${name}\" is there twice")
    endif()
    list(APPEND names ${name})
    string(SUBSTRING "${rest}" 0 ${length} text)
    string(REGEX REPLACE "\n +$" "\n" text "${text}")  # the indentation of the end marker
    string(APPEND entries "    {\"${name}\", \"${file}\", ${line}, R\"shown(${text})shown\"},\n")
    string(REGEX REPLACE "[^\n]+" "" breaks "${text}")
    string(LENGTH "${breaks}" breaks)
    math(EXPR line "${line} + ${breaks}")
    string(SUBSTRING "${rest}" ${length} -1 rest)
  endwhile()
endforeach()
file(WRITE ${HEADER} "#pragma once
#include <string_view>

// Made by mistake_sources.cmake.
namespace concdemo::generated {

struct Shown {
  std::string_view name;
  std::string_view file;
  int first_line;
  std::string_view text;
};

inline constexpr Shown shown[] = {
${entries}};

}  // namespace concdemo::generated
")
