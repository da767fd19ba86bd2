# find_package(symbolon) gives symbolon::symbolon, the shared library, and symbolon::static.
if(TARGET symbolon::symbolon)
  return()
endif()
get_filename_component(_symbolon_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

add_library(symbolon::symbolon SHARED IMPORTED)
set_target_properties(symbolon::symbolon PROPERTIES
  IMPORTED_LOCATION "${_symbolon_prefix}/lib/libsymbolon.so.@VERSION@"
  IMPORTED_SONAME "libsymbolon.so.0"
  INTERFACE_INCLUDE_DIRECTORIES "${_symbolon_prefix}/include")

add_library(symbolon::static STATIC IMPORTED)
set_target_properties(symbolon::static PROPERTIES
  IMPORTED_LOCATION "${_symbolon_prefix}/lib/libsymbolon.a"
  INTERFACE_INCLUDE_DIRECTORIES "${_symbolon_prefix}/include")

unset(_symbolon_prefix)
