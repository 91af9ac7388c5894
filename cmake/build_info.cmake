# Run at build time: the commit (with + when the tree differs from it) goes into runtime/build_info.h.
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --short=12 HEAD
  OUTPUT_VARIABLE CANDOR_BUILD_HASH OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(CANDOR_BUILD_HASH "unknown")
else()
  execute_process(COMMAND git -C ${SOURCE_DIR} diff --quiet HEAD RESULT_VARIABLE dirty ERROR_QUIET)
  if(dirty)
    string(APPEND CANDOR_BUILD_HASH "+")
  endif()
endif()
configure_file(${SOURCE_DIR}/src/runtime/build_info.h.in ${OUTPUT} @ONLY)
