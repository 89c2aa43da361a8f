# The pages of the command: pages/ bundled with npm's libraries, one HTML file each, and these as C
# arrays. And PNG pictures, with cairo. Both are optional, and stand-ins say so when they are asked for.
#
# Sets page_sources and page_libraries, for the command.
#
# npm fetches the libraries that package-lock.json names when cmake first runs, and again only when that
# file has changed.

option(HAKMEM_PAGES "Build the pages of hakmem map, run --report and bench --seed-report, with npm" ON)

set(pages_source "${PROJECT_SOURCE_DIR}/pages")
set(pages_build "${PROJECT_BINARY_DIR}/pages")

# Sets `result` to why there can be no pages; to nothing when the libraries are there.
function(fetch_page_libraries result)
  set(${result} "" PARENT_SCOPE)
  set(stamp "${pages_build}/fetched")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${pages_source}/package-lock.json")
  file(SHA256 "${pages_source}/package-lock.json" wanted)
  if(EXISTS "${stamp}")
    file(READ "${stamp}" fetched)
    if(fetched STREQUAL wanted)
      return()
    endif()
  endif()
  message(STATUS "Fetching the libraries of the pages with npm")
  file(COPY "${pages_source}/package.json" "${pages_source}/package-lock.json" "${pages_source}/.npmrc"
    DESTINATION "${pages_build}")
  execute_process(COMMAND "${NPM}" ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
      --fetch-retries=1 --fetch-retry-mintimeout=1000
    WORKING_DIRECTORY "${pages_build}" TIMEOUT 300
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status STREQUAL "0")
    file(WRITE "${pages_build}/npm.log" "${output}")
    set(${result} "npm could not fetch their libraries, see ${pages_build}/npm.log" PARENT_SCOPE)
    return()
  endif()
  file(WRITE "${stamp}" "${wanted}")
endfunction()

set(page_sources)
set(page_libraries)
find_program(NPM npm)
find_program(NODE NAMES node nodejs)
find_package(ZLIB QUIET)
set(no_pages "")
if(NOT HAKMEM_PAGES)
  set(no_pages "HAKMEM_PAGES is off")
elseif(NOT NPM OR NOT NODE)
  set(no_pages "npm not found; scripts/setup.sh installs it")
elseif(NOT ZLIB_FOUND)
  set(no_pages "zlib not found; scripts/setup.sh installs it")
else()
  fetch_page_libraries(no_pages)
endif()

if(no_pages)
  message(STATUS "Skipped: the pages of the hakmem command (${no_pages})")
  list(REMOVE_ITEM tool_sources "${PROJECT_SOURCE_DIR}/src/tool/page_deflate.c")
  list(APPEND page_sources src/tool/without/pages.c)
else()
  set(page_templates "${pages_build}/dist/page_templates.c")
  file(GLOB_RECURSE pages_inputs CONFIGURE_DEPENDS "${pages_source}/src/*")
  add_custom_command(OUTPUT "${page_templates}"
    COMMAND "${NODE}" "${pages_source}/build.mjs" "${pages_build}/dist" "${pages_build}/node_modules"
    DEPENDS "${pages_source}/build.mjs" "${pages_source}/package-lock.json" ${pages_inputs}
    COMMENT "Bundling the pages" VERBATIM)
  list(APPEND page_sources "${page_templates}")
  list(APPEND page_libraries ZLIB::ZLIB)
endif()

if(PKG_CONFIG_FOUND)
  pkg_check_modules(cairo QUIET cairo)
endif()
if(cairo_FOUND)
  set_source_files_properties(src/tool/picture_png.c PROPERTIES INCLUDE_DIRECTORIES "${cairo_INCLUDE_DIRS}")
else()
  message(STATUS "Skipped: hakmem map --png (cairo not found; scripts/setup.sh installs it)")
  list(REMOVE_ITEM tool_sources "${PROJECT_SOURCE_DIR}/src/tool/picture_png.c")
  list(APPEND page_sources src/tool/without/png.c)
endif()
