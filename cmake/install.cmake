# cmake --install: the program, the library, its headers, and find_package(candor).
include(CMakePackageConfigHelpers)
get_property(candor_layers GLOBAL PROPERTY CANDOR_LAYERS)
install(TARGETS candor ${candor_layers} EXPORT candorTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/candor)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/candor DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT candorTargets NAMESPACE candor:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/candor)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/candorConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/candorConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/candor)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/candorConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/candorConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/candorConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/candor)
