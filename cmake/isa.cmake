# candor_isa_sources(TARGET levels files…): compiles each file once per ISA level, with that ISA's own flags, and adds the
# objects to TARGET. Always optimised: the kernels' helpers must be inlined (see src/backend/cpu/simd/isa.h).
# -O1 is enough for that under a sanitizer, where GCC 12 takes up to a minute a file at -O3; three checks of pointers that
# AddressSanitizer makes at the access itself are left out of kernels for the same reason.
if(CANDOR_SANITIZE)
  set(CANDOR_ISA_OPTIMISE -O1 -g1 -fno-sanitize=null,object-size,pointer-overflow)
else()
  set(CANDOR_ISA_OPTIMISE -O3)
endif()
set(CANDOR_ISA_NAMES baseline avx2 avx512 avx512bf16)
set(CANDOR_ISA_FLAGS_0 -msse2)
set(CANDOR_ISA_FLAGS_1 -mavx2 -mfma -mf16c)
set(CANDOR_ISA_FLAGS_2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -mprefer-vector-width=512)
set(CANDOR_ISA_FLAGS_3 ${CANDOR_ISA_FLAGS_2} -mavx512bf16)

function(candor_isa_sources target levels)
  foreach(level ${levels})
    list(GET CANDOR_ISA_NAMES ${level} isa)
    set(object ${target}_${isa})
    if(NOT TARGET ${object})
      add_library(${object} OBJECT)
      target_include_directories(${object} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
      target_link_libraries(${object} PRIVATE candor_options)
      target_compile_options(${object} PRIVATE ${CANDOR_ISA_OPTIMISE} ${CANDOR_ISA_FLAGS_${level}} -fno-exceptions -fno-rtti
        -fno-trapping-math -Wno-unused-function -Wno-psabi
        # GCC 12's AVX-512 headers start from an undefined register (GCC bug 105593)
        $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
      target_compile_definitions(${object} PRIVATE CANDOR_ISA_LEVEL=${level})
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
    endif()
    target_sources(${object} PRIVATE ${ARGN})
  endforeach()
endfunction()
