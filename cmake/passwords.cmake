# What passwords must not be made of, as C strings; the order is that of security/password_text.h.
set(SLOTKEEPER_PASSWORD_LISTS
    ${CMAKE_SOURCE_DIR}/src/security/common_passwords.txt ${CMAKE_SOURCE_DIR}/src/security/common_words.txt)
set(SLOTKEEPER_PASSWORDS_C ${CMAKE_BINARY_DIR}/generated/passwords.c)
add_custom_command(
  OUTPUT ${SLOTKEEPER_PASSWORDS_C}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${SLOTKEEPER_PASSWORDS_C} "-DINPUTS=${SLOTKEEPER_PASSWORD_LISTS}"
          -DNAME=password_texts -DHEADER=security/password_text.h -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${SLOTKEEPER_PASSWORD_LISTS} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
