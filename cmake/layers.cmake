# candor_layer(NAME [DEPENDS layers…] [LIBRARIES libs…]): one static library per folder of src/, from every *.cpp in it
# (not below an inst/ folder). DEPENDS are the allowed edges of docs/design/layers.txt.
function(candor_layer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/inst/")
  string(REPLACE "/" "_" target candor_${name})
  if(NOT sources)
    file(WRITE ${CMAKE_BINARY_DIR}/empty.cpp "")
    set(sources ${CMAKE_BINARY_DIR}/empty.cpp)
  endif()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:candor_options>)
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(${target} PUBLIC candor_${dependency})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY CANDOR_LAYERS ${target})
endfunction()
