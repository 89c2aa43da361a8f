# Tests, a directory of tests/ for each kind, which is also their ctest label:
#
#   unit/test_*.c               cmocka, linked to the allocator's floors without the libc names
#   fuzz/fuzz_*.c               fuzz targets, here run on what is kept in fuzz/corpus/; for libFuzzer
#                               (HAKMEM_FUZZ) they are built alone. fuzz_reader.c is for tool/test_hostile.sh
#   preload/test_*.c(pp)        plain programs, run with LD_PRELOAD=libhakmem.so
#   link/test_*.c(pp)           plain programs, linked to libhakmem.so and again to libhakmem.a
#   misuse/*.c                  programs that do wrong, judged by misuse/run.sh PROGRAM SOURCE
#   apps/run.sh                 real programs: run.sh --list names them, run.sh NAME runs one; here
#                               those that are quick, by `make apps` all
#   tool/unit_*.c, tool/*.sh    the hakmem command and the benchmarks
#   pages/run.sh                the command's pages, in a headless Chromium
#   staged/*.c                  programs with a known state of memory: staged/run.sh PROGRAM has
#                               `hakmem explain` judge it, and follows the advice (label tool)
#   reader/unit_*.c             the image reader: cmocka (label tool); probe.c is for tool/test_reader.sh
#   scripts/*.sh                the repository: install, packages, scripts
#
# Scripts find what they need in HAKMEM_LIB, HK_STATIC_LIB, HK_COMMAND, HK_BUILD_DIR,
# HK_SOURCE_DIR, HK_EMULATOR (to run a built program with), CC and CXX, and exit with 77 to skip.
#
# In a cross build everything that runs a built program does so under CMAKE_CROSSCOMPILING_EMULATOR.
# A toolchain file may name HAKMEM_EMULATED_PAGE_BYTES, page sizes that the emulator can have too:
# preload/ is run once more with each.

set(tests "${PROJECT_SOURCE_DIR}/tests")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(cmocka QUIET IMPORTED_TARGET cmocka)
endif()
if(NOT cmocka_FOUND)
  message(STATUS "Skipped: the unit tests (cmocka not found; scripts/setup.sh installs it)")
endif()

# Sets `sources` to those of one kind; to nothing when this build has none of it.
function(find_sources kind)
  set(found)
  if("${kind}" IN_LIST HAKMEM_TEST_KINDS)
    list(TRANSFORM ARGN PREPEND "${tests}/${kind}/" OUTPUT_VARIABLE globs)
    file(GLOB found CONFIGURE_DEPENDS ${globs})
  endif()
  if(NOT CMAKE_CXX_COMPILER)
    list(FILTER found EXCLUDE REGEX "\\.cpp$")
  endif()
  set(sources "${found}" PARENT_SCOPE)
endfunction()

# Limits of time only end what hangs: machines can be ten times as slow as usual, and emulators are. For the
# cases of preload/ and link/ see check.h.
set(patience 10)
list(JOIN HAKMEM_TESTS_LEFT_OUT " " left_out)
set(case_environment "CHECK_LEAVE_OUT=${left_out}" "CHECK_PATIENCE=${patience}")
if(CMAKE_CROSSCOMPILING_EMULATOR)
  list(APPEND case_environment "CHECK_EMULATED=1")
endif()

function(describe_test test label timeout)
  math(EXPR timeout "${timeout} * ${patience}")
  set_tests_properties(${test} PROPERTIES LABELS ${label} TIMEOUT ${timeout} SKIP_RETURN_CODE 77)
endfunction()

set(script_environment
  "HK_BUILD_DIR=${PROJECT_BINARY_DIR}" "HK_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "HK_COMMAND=${PROJECT_BINARY_DIR}/hakmem"
  "CC=${CMAKE_C_COMPILER}" "CXX=${CMAKE_CXX_COMPILER}")
if(CMAKE_CROSSCOMPILING_EMULATOR)
  list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
  list(APPEND script_environment "HK_EMULATOR=${emulator}")
endif()
if(TARGET hakmem_shared)
  list(APPEND script_environment "HAKMEM_LIB=$<TARGET_FILE:hakmem_shared>"
    "HK_STATIC_LIB=$<TARGET_FILE:hakmem_static>")
endif()

function(add_script_test test label timeout)
  add_test(NAME ${test} COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  describe_test(${test} ${label} ${timeout})
  set_tests_properties(${test} PROPERTIES ENVIRONMENT "${script_environment}")
endfunction()

# A program of plain C or C++, whose calls of malloc the compiler leaves alone; assert works in it.
# The kernel's headers, behind those of musl, whose compiler looks for none of the system's.
set(kernel_headers "")
if(NOT HAKMEM_GLIBC)
  file(GLOB kernel_headers /usr/include /usr/include/*-linux-gnu)
  list(TRANSFORM kernel_headers PREPEND "-idirafter")
endif()

function(add_test_program program source)
  add_executable(${program} "${source}" ${ARGN})
  target_include_directories(${program} PRIVATE "${tests}")
  target_compile_options(${program} PRIVATE ${builtins} ${kernel_headers} -UNDEBUG)
  target_link_libraries(${program} PRIVATE hakmem_flags Threads::Threads ${CMAKE_DL_LIBS})
endfunction()

# --- unit -----------------------------------------------------------------------------------------
if(cmocka_FOUND)
  find_sources(unit test_*.c)
  set(unit_sources ${sources})
  find_sources(unit *.c)
  set(unit_common ${sources})
  if(unit_sources)
    list(REMOVE_ITEM unit_common ${unit_sources})
  endif()
  foreach(source IN LISTS unit_sources)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "^test_" "unit." test ${name})
    add_executable(unit_${name} "${source}" ${unit_common})
    target_include_directories(unit_${name} PRIVATE "${tests}")
    target_link_libraries(unit_${name} PRIVATE hakmem_testing PkgConfig::cmocka ${CMAKE_DL_LIBS})
    add_test(NAME ${test} COMMAND unit_${name})
    describe_test(${test} unit 300)
  endforeach()
endif()

# --- fuzz -----------------------------------------------------------------------------------------
find_sources(fuzz fuzz_*.c)
if(NOT HAKMEM_FUZZ)
  list(FILTER sources EXCLUDE REGEX "fuzz_reader")
endif()
foreach(source IN LISTS sources)
  get_filename_component(name "${source}" NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" name ${name})
  if(HAKMEM_FUZZ)
    add_test_program(fuzz_${name} "${source}")
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set(program fuzz_${name})
  else()
    set(program fuzz_replay_${name})
    add_test_program(${program} "${tests}/fuzz/replay.c" "${source}")
    add_test(NAME fuzz.${name} COMMAND ${program} 3 "${tests}/fuzz/corpus/${name}")
    describe_test(fuzz.${name} fuzz 120)
  endif()
  if(name STREQUAL reader)
    file(GLOB reader_sources CONFIGURE_DEPENDS src/reader/*.c)
    target_sources(${program} PRIVATE ${reader_sources} src/region/classes.c)
  else()
    target_link_libraries(${program} PRIVATE hakmem_testing)
  endif()
endforeach()

# --- preload --------------------------------------------------------------------------------------
# The emulator's own malloc stays its own: only the program in it has the preload.
function(add_emulated_test test program)
  add_test(NAME ${test} COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} ${ARGN}
    -E "LD_PRELOAD=$<TARGET_FILE:hakmem_shared>" $<TARGET_FILE:${program}>)
  set_tests_properties(${test} PROPERTIES ENVIRONMENT "${case_environment}")
  describe_test(${test} preload 120)
endfunction()

find_sources(preload test_*.c test_*.cpp)
foreach(source IN LISTS sources)
  get_filename_component(name "${source}" NAME_WE)
  string(REGEX REPLACE "^test_" "" test ${name})
  add_test_program(preload_${name} "${source}")
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    add_emulated_test(preload.${test} preload_${name})
    foreach(bytes IN LISTS HAKMEM_EMULATED_PAGE_BYTES)
      add_emulated_test(preload-${bytes}.${test} preload_${name} -p ${bytes})
    endforeach()
  else()
    add_test(NAME preload.${test} COMMAND preload_${name})
    describe_test(preload.${test} preload 120)
    set_tests_properties(preload.${test} PROPERTIES
      ENVIRONMENT "LD_PRELOAD=$<TARGET_FILE:hakmem_shared>;${case_environment}")
  endif()
endforeach()

# add_variant(TEST SETTINGS ARGUMENT...): some again, as TEST.SETTINGS (the first).
function(add_variant test settings)
  list(GET settings 0 name)
  list(TRANSFORM settings PREPEND HAKMEM_)
  add_test(NAME preload.${test}.${name} COMMAND preload_test_${test} ${ARGN})
  describe_test(preload.${test}.${name} preload 600)
  set_tests_properties(preload.${test}.${name} PROPERTIES
    ENVIRONMENT "LD_PRELOAD=$<TARGET_FILE:hakmem_shared>;${settings};${case_environment}")
endfunction()

if(TARGET preload_test_property AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  # Without a scavenger, with one that never rests, with guarded blocks, and with passes before growth.
  foreach(test IN ITEMS property threads fork)
    foreach(setting IN ITEMS SCAVENGER=0 DECAY_MS=20 GUARD_RATE=1 THRIFT=always)
      add_variant(${test} ${setting})
    endforeach()
  endforeach()
  # In the modes in which every call is looked at.
  foreach(setting IN ITEMS CHECK=1 SECURE=1)
    add_variant(contract ${setting})
    add_variant(fork ${setting})
    add_variant(property ${setting} 1 50000 4)
  endforeach()
  add_variant(limits CHECK=1 realloc_without_memory_keeps_the_block a_block_shrinks_without_memory
    calloc_is_zero_on_the_brink aligned_forms_are_enomem_on_the_brink)
  add_variant(stack THRIFT=always malloc_that_gives_back_takes_little_stack)
  # Signal handlers make no passes.
  add_variant(signals THRIFT=always)
  # Here signal handlers find the thread inside the allocator more often, and in more of its places.
  add_variant(signals "FC_CAP=8;FC_REFILL=2")
  # Here most calls that libc makes of free find a thread wanted.
  add_variant(scavenger CHECK=1 threads_can_be_joined_while_a_thread_is_wanted)
endif()

# --- link -----------------------------------------------------------------------------------------
find_sources(link test_*.c test_*.cpp)
foreach(source IN LISTS sources)
  get_filename_component(name "${source}" NAME_WE)
  foreach(how IN ITEMS shared static)
    string(REGEX REPLACE "^test_" "link-${how}." test ${name})
    add_test_program(link_${how}_${name} "${source}")
    target_link_libraries(link_${how}_${name} PRIVATE hakmem_${how})
    add_test(NAME ${test} COMMAND link_${how}_${name})
    # Blocks are counted to the last one, and libc has some for each thread; sizes are those of the classes,
    # which guarded blocks do not have.
    set_tests_properties(${test} PROPERTIES
      ENVIRONMENT "HAKMEM_SCAVENGER=0;HAKMEM_GUARD_RATE=0;${case_environment}")
    describe_test(${test} link 120)
  endforeach()
endforeach()

# --- misuse ---------------------------------------------------------------------------------------
find_sources(misuse *.c)
foreach(source IN LISTS sources)
  file(STRINGS "${source}" sizes REGEX "^/\\* sizes: ")
  string(REGEX MATCHALL "[0-9]+" sizes "${sizes}")
  if(NOT sizes)
    set(sizes 0)
  endif()
  foreach(size IN LISTS sizes)
    get_filename_component(name "${source}" NAME_WE)
    if(size)
      string(APPEND name "_${size}")
    endif()
    add_test_program(misuse_${name} "${source}")
    target_compile_options(misuse_${name} PRIVATE -w -O0)
    set_target_properties(misuse_${name} PROPERTIES ENABLE_EXPORTS ON)
    target_compile_definitions(misuse_${name} PRIVATE SIZE=${size})
    add_script_test(misuse.${name} misuse 60
      "${tests}/misuse/run.sh" $<TARGET_FILE:misuse_${name}> "${source}" ${size})
  endforeach()
endforeach()

# --- apps -----------------------------------------------------------------------------------------
find_sources(apps run.sh)
if(sources)
  execute_process(COMMAND "${sources}" --list quick OUTPUT_VARIABLE apps OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REGEX MATCHALL "[^ \t\n]+" apps "${apps}")
  foreach(app IN LISTS apps)
    add_script_test(apps.${app} apps 300 "${sources}" ${app})
  endforeach()
endif()

# --- tool, pages, scripts --------------------------------------------------------------------------------
if(TARGET hakmem_tool)
  if(cmocka_FOUND)
    find_sources(tool unit_*.c)
    foreach(source IN LISTS sources)
      get_filename_component(name "${source}" NAME_WE)
      string(REGEX REPLACE "^unit_" "tool." test ${name})
      add_test_program(tool_${name} "${source}")
      target_include_directories(tool_${name} PRIVATE
        "${PROJECT_SOURCE_DIR}/src/tool" "${PROJECT_SOURCE_DIR}/bench")
      target_link_libraries(tool_${name} PRIVATE hakmem_tool PkgConfig::cmocka)
      target_sources(tool_${name} PRIVATE $<TARGET_OBJECTS:bench_common>)
      add_test(NAME ${test} COMMAND tool_${name})
      describe_test(${test} tool 60)
    endforeach()
  endif()
  find_sources(tool ../reader/unit_*.c)
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "^unit_" "reader." test ${name})
    if(cmocka_FOUND)
      add_test_program(reader_${name} "${source}")
      target_link_libraries(reader_${name} PRIVATE hakmem_testing hakmem_reader PkgConfig::cmocka ${CMAKE_DL_LIBS})
      add_script_test(${test} tool 120 $<TARGET_FILE:reader_${name}>)
    endif()
  endforeach()
  find_sources(tool ../reader/probe.c)
  if(sources)
    add_test_program(reader_probe ${sources})
  endif()
  find_sources(tool ../fuzz/fuzz_reader.c)
  if(sources)
    add_test_program(fuzz_make_core "${tests}/fuzz/make_core.c")
    target_link_libraries(fuzz_make_core PRIVATE hakmem_reader)
    add_test_program(fuzz_replay_reader "${tests}/fuzz/replay.c" ${sources} ${reader_sources})
    include(CheckCSourceCompiles)
    set(CMAKE_REQUIRED_FLAGS "-fsanitize=address,undefined")
    check_c_source_compiles("int main(void) { return 0; }" HAKMEM_HAS_SANITIZERS)
    unset(CMAKE_REQUIRED_FLAGS)
    if(HAKMEM_HAS_SANITIZERS)
      target_compile_options(fuzz_replay_reader PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all)
      target_link_options(fuzz_replay_reader PRIVATE -fsanitize=address,undefined)
    endif()
  endif()
  find_sources(tool ../staged/*.c)
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    add_test_program(staged_${name} "${source}")
    add_script_test(staged.${name} tool 120 sh "${tests}/staged/run.sh" $<TARGET_FILE:staged_${name}>)
  endforeach()
  find_sources(tool test_*.sh)
  foreach(source IN LISTS sources)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "^test_" "" name ${name})
    add_script_test(tool.${name} tool 300 sh "${source}")
  endforeach()
endif()
if(TARGET hakmem_tool AND "pages" IN_LIST HAKMEM_TEST_KINDS)
  add_script_test(pages pages 300 sh "${tests}/pages/run.sh")
endif()
find_sources(scripts *.sh)
foreach(source IN LISTS sources)
  get_filename_component(name "${source}" NAME_WE)
  string(REGEX REPLACE "^test_" "" name ${name})
  add_script_test(scripts.${name} scripts 300 sh "${source}")
endforeach()
