# The man page and bash's completion, both made from --help, so that they say what the program says.
#   cmake -DPROGRAM=.../concdemo -DINTO=FOLDER -P manual.cmake      writes concdemo.1 and concdemo.bash
function(help_of result)
  execute_process(COMMAND ${PROGRAM} ${ARGN} --help OUTPUT_VARIABLE text ERROR_VARIABLE errors RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ${ARGN} --help: ${errors}")
  endif()
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# The words that a person may type there: names of commands, workloads, mistakes, and options.
function(words_of result text)
  string(REPLACE ";" "," text "${text}")
  string(REGEX MATCHALL "\n  [a-z][a-z-]* +[a-z0-9]" names "${text}")
  string(REGEX MATCHALL "\n  -[a-z0-9,-]*" options "${text}")
  set(words)
  foreach(each IN LISTS names)
    string(REGEX REPLACE "\n  ([a-z-]*) .*" "\\1" each "${each}")
    list(APPEND words ${each})
  endforeach()
  set(${result}_names ${words} PARENT_SCOPE)
  foreach(each IN LISTS options)
    string(REGEX REPLACE ".*(--[a-z0-9-]+)" "\\1" each "${each}")
    list(APPEND words ${each})
  endforeach()
  list(JOIN words " " words)
  set(${result} "${words}" PARENT_SCOPE)
endfunction()

# As it stands, with fixed line ends; a backslash, a minus and a leading dot or quote mean something to roff.
function(as_roff result text)
  string(REPLACE "\\" "\\e" text "${text}")
  string(REPLACE "-" "\\-" text "${text}")
  foreach(macro "." "'")
    string(REPLACE "\n${macro}" "\n\\&${macro}" text "${text}")
  endforeach()
  set(${result} ".nf\n${text}\n.fi\n" PARENT_SCOPE)
endfunction()

help_of(help)
execute_process(COMMAND ${PROGRAM} --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
words_of(top "${help}")
as_roff(roff "${help}")
set(page ".TH CONCDEMO 1 \"\" \"${version}\" \"User Commands\"
.SH NAME
concdemo \\- hybrid MPI + OpenMP kernels with the same bits on any layout
.SH SYNOPSIS
.B concdemo
[COMMAND] [OPTIONS]
.br
.B mpirun
\\-n RANKS concdemo [COMMAND] [OPTIONS]
.SH DESCRIPTION
${roff}")
list(JOIN top_names "|" pattern)
set(cases)
foreach(command IN LISTS top_names)
  help_of(help ${command})
  words_of(words "${help}")
  if(command STREQUAL run)  # each workload has options of its own, which its help shows first
    foreach(workload IN LISTS words_names)
      help_of(own run ${workload})
      if(own MATCHES "\n(Options of [^\n]*:\n.*)\n\nOptions:")
        string(APPEND help "\n${CMAKE_MATCH_1}\n")
        words_of(own_words "${CMAKE_MATCH_1}")
        string(APPEND words " ${own_words}")
      endif()
    endforeach()
  endif()
  as_roff(roff "${help}")
  string(TOUPPER "${command}" title)
  string(APPEND page ".SH ${title}\n${roff}")
  string(APPEND cases "    ${command}) words='${words}' ;;\n")
endforeach()
file(WRITE "${INTO}/concdemo.1" "${page}")
file(WRITE "${INTO}/concdemo.bash" "_concdemo() {
  local i words='${top}'
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case \${COMP_WORDS[i]} in
${cases}    *) continue ;;
    esac
    break
  done
  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"\${COMP_WORDS[COMP_CWORD]}\")
}
complete -o default -F _concdemo concdemo
")
