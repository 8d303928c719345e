# Every schemas/*/*.avsc as a C string, so that the binary carries the schemas it was built with.
file(GLOB SLOTKEEPER_AVSC CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schemas/*/*.avsc)
set(SLOTKEEPER_SCHEMAS_C ${CMAKE_BINARY_DIR}/generated/schemas.c)
add_custom_command(
  OUTPUT ${SLOTKEEPER_SCHEMAS_C}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${SLOTKEEPER_SCHEMAS_C} "-DINPUTS=${SLOTKEEPER_AVSC}"
          -DNAME=schema_texts -DHEADER=wire/schema_text.h -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${SLOTKEEPER_AVSC} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
