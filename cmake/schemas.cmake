# Every schemas/*/*.avsc as a C string, so that the binary carries the schemas it was built with; and those of earlier
# releases, schemas/released/RELEASE/*/*.avsc, which it still reads.
file(GLOB SLOTKEEPER_AVSC CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schemas/*/*.avsc)
set(SLOTKEEPER_SCHEMAS_C ${CMAKE_BINARY_DIR}/generated/schemas.c)
add_custom_command(
  OUTPUT ${SLOTKEEPER_SCHEMAS_C}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${SLOTKEEPER_SCHEMAS_C} -DHEADER=wire/schema_text.h -DARRAY=schema_texts
          "-DINPUTS=${SLOTKEEPER_AVSC}" -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${SLOTKEEPER_AVSC} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)

file(GLOB SLOTKEEPER_RELEASED_AVSC CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schemas/released/*/*/*.avsc)
set(SLOTKEEPER_RELEASED_SCHEMAS_C ${CMAKE_BINARY_DIR}/generated/released_schemas.c)
add_custom_command(
  OUTPUT ${SLOTKEEPER_RELEASED_SCHEMAS_C}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${SLOTKEEPER_RELEASED_SCHEMAS_C} -DHEADER=wire/schema_text.h
          -DARRAY=released_schema_texts "-DINPUTS=${SLOTKEEPER_RELEASED_AVSC}"
          -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${SLOTKEEPER_RELEASED_AVSC} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
