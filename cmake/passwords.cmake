# The common passwords as a C string, so that no file has to be there at run time.
set(SLOTKEEPER_COMMON_PASSWORDS ${CMAKE_SOURCE_DIR}/src/security/common_passwords.txt)
set(SLOTKEEPER_COMMON_PASSWORDS_C ${CMAKE_BINARY_DIR}/generated/common_passwords.c)
add_custom_command(
  OUTPUT ${SLOTKEEPER_COMMON_PASSWORDS_C}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${SLOTKEEPER_COMMON_PASSWORDS_C} -DHEADER=security/password_parts.h
          -DARRAY=common_password_texts -DINPUTS=${SLOTKEEPER_COMMON_PASSWORDS}
          -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${SLOTKEEPER_COMMON_PASSWORDS} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
