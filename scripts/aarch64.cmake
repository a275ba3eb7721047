# CMake toolchain: AArch64 Linux by Debian's cross compiler, run by qemu-user. Libraries are those that
# `dpkg --add-architecture arm64` brings. Used by .ci/run:
#   cmake -S . -B build-arm -DCMAKE_TOOLCHAIN_FILE=scripts/aarch64.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_LIBRARY_PATH /usr/lib/aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig)
