# Flags that every target of the project gets through candor_options.
add_library(candor_options INTERFACE)
target_compile_options(candor_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers -ffp-contract=off -fno-math-errno)
# GCC 12 sees an overlap in every `"literal" + std::string` at -O3 (its bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(candor_options INTERFACE -Wno-restrict)
endif()
if(CANDOR_DEVELOPER)
  target_compile_options(candor_options INTERFACE -Werror)
endif()
if(CANDOR_SANITIZE)
  target_compile_options(candor_options INTERFACE -fsanitize=${CANDOR_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(candor_options INTERFACE -fsanitize=${CANDOR_SANITIZE})
endif()

# candor_precompile(target headers…): parses big headers of others once for all files of the target. Only GCC, which takes
# a precompiled header beside other -D flags. Every file still includes what it uses: the preset asan goes without.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(CANDOR_PRECOMPILE OFF)
endif()
function(candor_precompile target)
  if(CANDOR_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()
