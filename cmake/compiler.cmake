# Options of the build, and the flags that follow from them.
#
#   hakmem_flags           how all of HAKMEM's own code is compiled: warnings, sanitizers
#   hakmem_allocator_flags the allocator's share on top

option(HAKMEM_DEBUG "Assertions on, structures validated" OFF)
option(HAKMEM_TORTURE "Every constant tiny, so that edges are hit all the time" OFF)
option(HAKMEM_WERROR "Warnings are errors" OFF)
option(HAKMEM_COVERAGE "Count the lines that run" OFF)
option(HAKMEM_TESTS "Build the tests" ON)
option(HAKMEM_CXX "Build what is in C++: some tests and benchmarks" ON)
option(HAKMEM_PROGRAMS "Build the hakmem command and the benchmarks" ON)
option(HAKMEM_FUZZ "Build the fuzz targets for libFuzzer, and nothing else; needs clang" OFF)
set(HAKMEM_SANITIZE "" CACHE STRING "address, thread or undefined: only the unit tests and the fuzz corpora are built, with this sanitizer")
set(HAKMEM_TEST_KINDS "unit;fuzz;preload;link;misuse;apps;tool;pages;scripts" CACHE STRING "Directories of tests/ to build")
set(HAKMEM_TESTS_LEFT_OUT "" CACHE STRING "Cases of preload/ and link/ that cannot work on the machine that runs them")

if(HAKMEM_TORTURE)
  set(HAKMEM_DEBUG ON)
endif()
if(HAKMEM_FUZZ)
  set(HAKMEM_SANITIZE fuzzer-no-link,address,undefined)
  set(HAKMEM_TEST_KINDS fuzz)
  set(HAKMEM_PROGRAMS OFF)
elseif(HAKMEM_SANITIZE)
  set(HAKMEM_TEST_KINDS unit fuzz)
  set(HAKMEM_PROGRAMS OFF)
endif()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "RelWithDebInfo: -O2 -g -DNDEBUG" FORCE)
endif()
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

if(HAKMEM_CXX)
  include(CheckLanguage)
  check_language(CXX)
  if(CMAKE_CXX_COMPILER)
    enable_language(CXX)
  else()
    message(STATUS "Skipped: the tests and benchmarks in C++ (no C++ compiler)")
  endif()
endif()

# Programs too: the benchmarks ask for hakmem_version as a weak symbol that a preload may define.
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(hakmem_flags INTERFACE)
target_include_directories(hakmem_flags INTERFACE
  "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include" "${PROJECT_BINARY_DIR}/generated")
target_compile_definitions(hakmem_flags INTERFACE _GNU_SOURCE)
target_compile_options(hakmem_flags INTERFACE -Wall -Wextra -Wshadow
  $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wstrict-prototypes>
  $<$<COMPILE_LANGUAGE:CXX>:-fsized-deallocation>
  $<$<C_COMPILER_ID:Clang>:-Wno-unknown-warning-option>)
if(HAKMEM_WERROR)
  target_compile_options(hakmem_flags INTERFACE -Werror)
endif()
if(HAKMEM_DEBUG)
  target_compile_definitions(hakmem_flags INTERFACE HAKMEM_DEBUG=1)
endif()
if(HAKMEM_TORTURE)
  target_compile_definitions(hakmem_flags INTERFACE HAKMEM_TORTURE=1)
endif()
if(HAKMEM_SANITIZE)
  set(sanitize -fsanitize=${HAKMEM_SANITIZE} -fno-omit-frame-pointer)
  if(HAKMEM_SANITIZE MATCHES undefined)
    list(APPEND sanitize -fno-sanitize-recover=all)
  endif()
  target_compile_options(hakmem_flags INTERFACE ${sanitize})
  target_link_options(hakmem_flags INTERFACE ${sanitize})
endif()
if(HAKMEM_COVERAGE)
  target_compile_options(hakmem_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(hakmem_flags INTERFACE --coverage)
endif()

# An allocator must not let the compiler assume what malloc does: it would turn malloc and memset,
# inside calloc, into a call of calloc.
set(builtins malloc calloc realloc free aligned_alloc memalign posix_memalign)
list(TRANSFORM builtins PREPEND -fno-builtin-)

add_library(hakmem_allocator_flags INTERFACE)
target_link_libraries(hakmem_allocator_flags INTERFACE hakmem_flags)
target_compile_options(hakmem_allocator_flags INTERFACE
  ${builtins} -foptimize-sibling-calls -fvisibility=hidden -ftls-model=initial-exec -fno-plt)
