# Warnings that earn their keep on gcc 12 and clang 14 alike; all of them are errors.
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wvla -Wundef -Wstrict-prototypes
  -Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wformat=2 -Wimplicit-fallthrough
  -Wnull-dereference -Werror)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wformat-signedness)
endif()
