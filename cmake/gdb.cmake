# The extension of gdb: build/hakmem-gdb.py. The layout of the records in it comes from gen_layout.

add_executable(gen_layout scripts/gen_layout.c)
target_link_libraries(gen_layout PRIVATE hakmem_flags)
set_target_properties(gen_layout PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/generated")

set(gdb_script "${PROJECT_BINARY_DIR}/hakmem-gdb.py")
add_custom_command(OUTPUT "${gdb_script}"
  COMMAND gen_layout < "${PROJECT_SOURCE_DIR}/gdb/hakmem-gdb.py.in" > "${gdb_script}"
  DEPENDS gen_layout "${PROJECT_SOURCE_DIR}/gdb/hakmem-gdb.py.in" COMMENT "Writing hakmem-gdb.py")
add_custom_target(gdb_extension ALL DEPENDS "${gdb_script}")
