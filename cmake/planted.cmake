# SLOTKEEPER_PLANTED_FAULTS: a program with faults in it that the environment chooses from, for tests/chaos alone.
option(SLOTKEEPER_PLANTED_FAULTS "plant faults for the checker to find (never in a program that is used)" OFF)
if(SLOTKEEPER_PLANTED_FAULTS)
  add_compile_definitions(SLOTKEEPER_PLANTED_FAULTS)
endif()
