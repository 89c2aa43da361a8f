# Install, pkg-config file, CMake package and Debian package.

if(HAKMEM_SANITIZE)
  return()
endif()

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/hakmem")

# Relative, so that an installation can be moved.
file(RELATIVE_PATH pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file(cmake/hakmem.pc.in generated/hakmem.pc @ONLY)
configure_package_config_file(cmake/hakmemConfig.cmake.in "${PROJECT_BINARY_DIR}/generated/hakmemConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/generated/hakmemConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)

install(TARGETS hakmem_shared hakmem_static EXPORT hakmemTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT hakmemTargets NAMESPACE hakmem:: DESTINATION "${package_dir}")
install(FILES "${PROJECT_BINARY_DIR}/generated/hakmemConfig.cmake"
  "${PROJECT_BINARY_DIR}/generated/hakmemConfigVersion.cmake" DESTINATION "${package_dir}")
install(FILES "${PROJECT_BINARY_DIR}/generated/hakmem.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES include/hakmem.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES README.md CHANGELOG.md LICENSE docs/tuning.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
if(TARGET hakmem_command)
  install(TARGETS hakmem_command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(FILES completions/hakmem.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME hakmem)
  install(FILES completions/_hakmem DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES completions/hakmem.fish DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()
# gdb loads what lies in auto-load under the library's own path.
install(FILES "${gdb_script}" DESTINATION "${CMAKE_INSTALL_DATADIR}/hakmem")
install(FILES "${gdb_script}" RENAME "libhakmem.so.${PROJECT_VERSION}-gdb.py"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/gdb/auto-load${CMAKE_INSTALL_FULL_LIBDIR}")
if(bench_programs)
  install(TARGETS ${bench_programs} RUNTIME DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/hakmem")
endif()
if(SCDOC)
  install(FILES "${PROJECT_BINARY_DIR}/man/hakmem.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  install(FILES "${PROJECT_BINARY_DIR}/man/hakmem.3" DESTINATION "${CMAKE_INSTALL_MANDIR}/man3")
  # Each function finds the page by its own name.
  foreach(function IN LISTS own_functions)
    file(WRITE "${PROJECT_BINARY_DIR}/generated/${function}.3" ".so man3/hakmem.3\n")
    install(FILES "${PROJECT_BINARY_DIR}/generated/${function}.3" DESTINATION "${CMAKE_INSTALL_MANDIR}/man3")
  endforeach()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hakmem)
set(CPACK_PACKAGE_VENDOR "HAKMEM developers")
set(CPACK_PACKAGE_CONTACT "HAKMEM developers <hakmem@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libcairo2") # for hakmem map --png, which loads it
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
include(CPack)
