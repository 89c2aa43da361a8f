# The manual pages and the tables of options in them: src/base/options.def, through gen_options.

add_executable(gen_options scripts/gen_options.c)
target_link_libraries(gen_options PRIVATE hakmem_flags)
target_compile_definitions(gen_options PRIVATE HAKMEM_VERSION="${PROJECT_VERSION}")
set_target_properties(gen_options PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/generated")

find_program(SCDOC scdoc)
if(NOT SCDOC)
  message(STATUS "Skipped: the manual pages (scdoc not found; scripts/setup.sh installs it)")
  return()
endif()

set(manual_pages)
foreach(page IN ITEMS hakmem.1 hakmem.3)
  set(input "${PROJECT_SOURCE_DIR}/man/${page}.scd.in")
  set(expanded "${PROJECT_BINARY_DIR}/generated/${page}.scd")
  set(output "${PROJECT_BINARY_DIR}/man/${page}")
  add_custom_command(OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/man"
    COMMAND gen_options scdoc < "${input}" > "${expanded}"
    COMMAND "${SCDOC}" < "${expanded}" > "${output}"
    DEPENDS gen_options "${input}" COMMENT "Writing man/${page}")
  list(APPEND manual_pages "${output}")
endforeach()
add_custom_target(manual ALL DEPENDS ${manual_pages})
