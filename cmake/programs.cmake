# The hakmem command and the benchmarks. None is linked to the allocator: each runs under whichever
# it is given.

if(NOT HAKMEM_PROGRAMS)
  return()
endif()

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(jansson QUIET IMPORTED_TARGET jansson)
  pkg_check_modules(zlib QUIET IMPORTED_TARGET zlib)
endif()

# The image reader: it knows the layout of the allocator's records, and links none of its code.
file(GLOB reader_sources CONFIGURE_DEPENDS src/reader/*.c)
add_library(hakmem_reader STATIC ${reader_sources})
target_link_libraries(hakmem_reader PUBLIC hakmem_flags)

# All of the command but main, for its tests too.
file(GLOB tool_sources CONFIGURE_DEPENDS src/tool/*.c)
list(REMOVE_ITEM tool_sources "${PROJECT_SOURCE_DIR}/src/tool/main.c")
if(NOT jansson_FOUND)
  message(STATUS "Skipped: the hakmem command (jansson not found; scripts/setup.sh installs it)")
elseif(tool_sources)
  include(pages)
  add_library(hakmem_tool OBJECT ${tool_sources})
  target_link_libraries(hakmem_tool PUBLIC hakmem_flags hakmem_reader PkgConfig::jansson m Threads::Threads ${CMAKE_DL_LIBS})
  target_sources(hakmem_tool PRIVATE ${page_sources})
  target_include_directories(hakmem_tool PRIVATE src/tool)
  target_link_libraries(hakmem_tool PUBLIC ${page_libraries})
  add_executable(hakmem_command src/tool/main.c)
  set_target_properties(hakmem_command PROPERTIES OUTPUT_NAME hakmem)
  target_link_libraries(hakmem_command PRIVATE hakmem_tool)
endif()

# bench/common*.c is shared; every other file is one program, build/bench_<name>.
file(GLOB bench_common CONFIGURE_DEPENDS bench/common*.c)
file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.c bench/*.cpp)
if(bench_common)
  list(REMOVE_ITEM bench_sources ${bench_common})
  add_library(bench_common OBJECT ${bench_common})
  target_link_libraries(bench_common PRIVATE hakmem_flags)
  target_compile_options(bench_common PRIVATE ${builtins})
endif()

if(NOT zlib_FOUND)
  message(STATUS "Skipped: bench_peak_rss (zlib not found; scripts/setup.sh installs it)")
  list(REMOVE_ITEM bench_sources "${PROJECT_SOURCE_DIR}/bench/peak_rss.c")
endif()

set(bench_programs)
foreach(source IN LISTS bench_sources)
  get_filename_component(name "${source}" NAME_WE)
  if(source MATCHES "\\.cpp$" AND NOT CMAKE_CXX_COMPILER)
    continue()
  endif()
  set(program bench_${name})
  if(name STREQUAL random_mixed)
    set(program bench_random_mixed_hakmem)
  endif()
  add_executable(${program} "${source}")
  target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/bench")
  # Without the built-in names, so that no pair of malloc and free is optimised away.
  target_compile_options(${program} PRIVATE ${builtins})
  target_link_libraries(${program} PRIVATE hakmem_flags Threads::Threads ${CMAKE_DL_LIBS})
  if(bench_common)
    target_sources(${program} PRIVATE $<TARGET_OBJECTS:bench_common>)
  endif()
  list(APPEND bench_programs ${program})
endforeach()

# Its traces are part of the program.
if(TARGET bench_peak_rss)
  file(GLOB traces CONFIGURE_DEPENDS bench/traces/*.gz)
  set_source_files_properties(bench/replay/trace.c PROPERTIES OBJECT_DEPENDS "${traces}")
  target_sources(bench_peak_rss PRIVATE bench/replay/trace.c)
  target_compile_definitions(bench_peak_rss PRIVATE TRACE_DIRECTORY="${PROJECT_SOURCE_DIR}/bench/traces")
  target_link_libraries(bench_peak_rss PRIVATE PkgConfig::zlib)
endif()

# Records new traces; glibc's own malloc does the work.
if(HAKMEM_GLIBC)
  add_library(record_malloc SHARED bench/record/record.c)
  target_link_libraries(record_malloc PRIVATE hakmem_flags Threads::Threads ${CMAKE_DL_LIBS})
  target_compile_options(record_malloc PRIVATE ${builtins})
endif()
