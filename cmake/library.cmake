# The allocator: all floors in one set of objects, linked as libhakmem.so and libhakmem.a.

set(floors base os region slab pool heap front api)
list(TRANSFORM floors REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/src/\\1/*.c" OUTPUT_VARIABLE floor_globs)
file(GLOB allocator_sources CONFIGURE_DEPENDS ${floor_globs})

# Exceptions thrown by operator new, or by a handler that it calls, pass through these.
file(GLOB api_sources CONFIGURE_DEPENDS src/api/*.c)
set_source_files_properties(${api_sources} PROPERTIES COMPILE_OPTIONS -fexceptions)

# For unit tests: what the floors do, without the names of libc, so that the test's own malloc and
# the sanitizer's stay in place.
set(libc_names "${PROJECT_SOURCE_DIR}/src/api/libc.c" "${PROJECT_SOURCE_DIR}/src/api/cxx.c"
  "${PROJECT_SOURCE_DIR}/src/api/malloc_info.c")
set(testing_sources ${allocator_sources})
list(REMOVE_ITEM testing_sources ${libc_names})
add_library(hakmem_testing OBJECT EXCLUDE_FROM_ALL ${testing_sources})
target_link_libraries(hakmem_testing PUBLIC hakmem_allocator_flags Threads::Threads)
target_compile_definitions(hakmem_testing PUBLIC HAKMEM_TESTING=1)
target_compile_options(hakmem_testing PUBLIC -UNDEBUG)
if(NOT HAKMEM_DEBUG)
  target_compile_definitions(hakmem_testing PUBLIC HAKMEM_DEBUG=1)
endif()

if(HAKMEM_SANITIZE)
  return()
endif()

add_library(hakmem_objects OBJECT ${allocator_sources})
target_link_libraries(hakmem_objects PRIVATE hakmem_allocator_flags)

# The linker's map comes from the list of exported symbols.
set(exports "${PROJECT_SOURCE_DIR}/src/api/exports.txt")
set(map "${PROJECT_BINARY_DIR}/generated/libhakmem.map")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${exports}")
file(STRINGS "${exports}" exported REGEX "^[A-Za-z_]")
include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h HAKMEM_GLIBC)
if(NOT HAKMEM_GLIBC)
  list(FILTER exported EXCLUDE REGEX " glibc$")
endif()
list(TRANSFORM exported REPLACE " .*" "")
set(own_functions ${exported})
list(FILTER own_functions INCLUDE REGEX "^hakmem_")
list(JOIN exported ";\n        " exported)
file(GENERATE OUTPUT "${map}" CONTENT "{\n    global:\n        ${exported};\n    local:\n        *;\n};\n")

# Few and small mappings: each is a system call when a program starts. Its own calls of malloc must
# reach the program's malloc, if it has one, hence no -Bsymbolic.
add_library(hakmem_shared SHARED $<TARGET_OBJECTS:hakmem_objects>)
if(HAKMEM_GLIBC)
  target_sources(hakmem_shared PRIVATE src/api/shared/dlopen.c src/api/shared/early.c)
endif()
target_link_libraries(hakmem_shared PRIVATE hakmem_allocator_flags Threads::Threads)
# Its own copy of libgcc's unwinder (os/stack.c), which is referred to weakly: a libgcc made for another libc
# cannot be copied, and then the process has one or has not.
include(CheckCSourceCompiles)
set(copy_unwinder -static-libgcc -Wl,--undefined=_Unwind_Backtrace)
set(CMAKE_REQUIRED_LINK_OPTIONS ${copy_unwinder})
check_c_source_compiles("int main(void) { return 0; }" HAKMEM_OWN_UNWINDER)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
target_link_options(hakmem_shared PRIVATE $<$<BOOL:${HAKMEM_OWN_UNWINDER}>:${copy_unwinder}>
  -Wl,--version-script=${map} -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,-z,noseparate-code
  -Wl,-z,nodelete -Wl,--hash-style=gnu -Wl,--build-id=sha1 -Wl,--as-needed
  $<$<BOOL:${HAKMEM_COVERAGE}>:--coverage>)
set_target_properties(hakmem_shared PROPERTIES
  OUTPUT_NAME hakmem EXPORT_NAME hakmem LINKER_LANGUAGE C
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS "${map}")
target_include_directories(hakmem_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# The archive is one object whose hidden names are made local: a program may have its own
# heap_create, and an allocator is needed whole or not at all.
set(whole "${PROJECT_BINARY_DIR}/generated/hakmem.o")
add_custom_command(OUTPUT "${whole}"
  COMMAND "${CMAKE_C_COMPILER}" -r -nostdlib -o "${whole}" $<TARGET_OBJECTS:hakmem_objects>
  COMMAND "${CMAKE_OBJCOPY}" --localize-hidden "${whole}"
  DEPENDS $<TARGET_OBJECTS:hakmem_objects> COMMAND_EXPAND_LISTS VERBATIM
  COMMENT "Linking generated/hakmem.o")
add_library(hakmem_static STATIC "${whole}")
add_dependencies(hakmem_static hakmem_objects)
set_source_files_properties("${whole}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
target_link_libraries(hakmem_static PUBLIC Threads::Threads)
set_target_properties(hakmem_static PROPERTIES
  OUTPUT_NAME hakmem EXPORT_NAME static LINKER_LANGUAGE C)
target_include_directories(hakmem_static INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

add_library(hakmem::hakmem ALIAS hakmem_shared)
add_library(hakmem::static ALIAS hakmem_static)
