# cmake -DOUTPUT=... -DINPUTS="a.avsc;b.avsc" -DNAME=... -DHEADER=... -P embed.cmake: the files as an array NAME of C
# strings, which HEADER declares. Bytes, not string literals: compilers need not take long ones, and CMake's lists do not
# survive the square brackets of JSON.
set(texts "")
set(pointers "")
set(index 0)
foreach(input IN LISTS INPUTS)
  file(READ ${input} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND texts "static const char text_${index}[] = {${bytes}0};\n")
  string(APPEND pointers "    text_${index},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT}
     "#include \"${HEADER}\"\n\n#include <stddef.h>\n\n${texts}\n"
     "const char *const ${NAME}[] = {\n${pointers}    NULL,\n};\n")
