# Every schemas/*/*.avsc as a C string, so that the binary carries the schemas it was built with.
file(GLOB SLOTKEEPER_AVSC CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schemas/*/*.avsc)
set(SLOTKEEPER_SCHEMAS_C ${CMAKE_BINARY_DIR}/generated/schemas.c)
add_custom_command(
  OUTPUT ${SLOTKEEPER_SCHEMAS_C}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${SLOTKEEPER_SCHEMAS_C} -DHEADER=wire/schema_text.h -DARRAY=schema_texts
          "-DINPUTS=${SLOTKEEPER_AVSC}" -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${SLOTKEEPER_AVSC} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
