# Flags that every target of the project gets through candor_options.
add_library(candor_options INTERFACE)
target_compile_options(candor_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers -ffp-contract=off -fno-math-errno)
if(CANDOR_DEVELOPER)
  target_compile_options(candor_options INTERFACE -Werror)
endif()
if(CANDOR_SANITIZE)
  target_compile_options(candor_options INTERFACE -fsanitize=${CANDOR_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(candor_options INTERFACE -fsanitize=${CANDOR_SANITIZE})
endif()
