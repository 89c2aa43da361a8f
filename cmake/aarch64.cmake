# Toolchain: Debian's cross compiler for 64-bit ARM; tests run under qemu-user. Its packages:
#
#   apt-get install gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user
#   dpkg --add-architecture arm64; apt-get update; apt-get install libcmocka-dev:arm64    # unit tests
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
find_program(cross_cxx aarch64-linux-gnu-g++)
if(cross_cxx)
  set(CMAKE_CXX_COMPILER "${cross_cxx}")
else()
  set(HAKMEM_CXX OFF CACHE BOOL "")
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig)

# A processor without SVE: in qemu 7.2 glibc's copies by SVE fault where they are the first in a thread to touch a page.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -cpu cortex-a72 -L /usr/aarch64-linux-gnu)
set(HAKMEM_EMULATED_PAGE_BYTES 65536)
