# The GPU backend: libmlrun_cuda.so, of the .cu files in device/ and ops/.
#
# A module, not a part of the program: whoever uses no GPU does not load cuBLAS. Kernels
# are in *_cuda.cu; the other .cu files only call libraries and are left to the host's compiler.

if(MLRUN_CUDA STREQUAL "OFF")
  return()
endif()

include(CheckLanguage)
find_package(CUDAToolkit 12 QUIET)
# One architecture, the oldest: it keeps these builds short, and later cards can compile its code
# when they load it. The preset `cuda` has one for each card.
set(CMAKE_CUDA_ARCHITECTURES 75 CACHE STRING "Architectures of the GPU backend")
check_language(CUDA)
# Only its header: the library is opened when the first convolution is computed, where there is one.
find_path(CUDNN_INCLUDE_DIR cudnn_cnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
if(NOT CUDAToolkit_FOUND OR NOT CMAKE_CUDA_COMPILER OR NOT CUDNN_INCLUDE_DIR)
  if(MLRUN_CUDA STREQUAL "ON")
    message(FATAL_ERROR "MLRUN_CUDA=ON needs nvcc and cuBLAS of CUDA 12 or later, and cuDNN 9")
  endif()
  message(STATUS "No GPU backend: the CUDA toolkit or cuDNN was not found")
  return()
endif()

if(CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
enable_language(CUDA)
# CMake 3.25 does not know that nvcc has it.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_EXTENSIONS OFF)

file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS
     ${CMAKE_CURRENT_SOURCE_DIR}/device/*.cu ${CMAKE_CURRENT_SOURCE_DIR}/ops/*.cu)
set(kernel_sources ${cuda_sources})
list(FILTER kernel_sources INCLUDE REGEX "_cuda\\.cu$")
list(FILTER cuda_sources EXCLUDE REGEX "_cuda\\.cu$")
set_source_files_properties(${cuda_sources} PROPERTIES LANGUAGE CXX)
# nvcc takes seconds to read what every kernel includes: several files at a time, as CMake before
# 3.31 does for C++ only. What their anonymous namespaces name differs.
if(CMAKE_UNITY_BUILD)
  set(joined "")
  while(kernel_sources)
    list(SUBLIST kernel_sources 0 6 batch)
    list(REMOVE_ITEM kernel_sources ${batch})
    list(TRANSFORM batch REPLACE "(.+)" "#include \"\\1\"\n")
    list(LENGTH joined number)
    set(file ${CMAKE_CURRENT_BINARY_DIR}/kernels_${number}_cuda.cu)
    string(CONCAT text ${batch})
    file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
    list(APPEND joined ${file})
  endwhile()
  set(kernel_sources ${joined})
endif()
# As objects: tools/bench measures them without the module.
add_library(mlrun_cuda_objects OBJECT ${cuda_sources} ${kernel_sources})
target_compile_options(mlrun_cuda_objects PRIVATE
  "$<$<COMPILE_LANGUAGE:CUDA>:--extended-lambda;-Xcompiler=-Wall,-Wextra,-Wno-psabi>"
  $<$<AND:$<BOOL:${MLRUN_WERROR}>,$<COMPILE_LANGUAGE:CUDA>>:--Werror=all-warnings>)
target_include_directories(mlrun_cuda_objects PRIVATE ${CUDNN_INCLUDE_DIR})
target_link_libraries(mlrun_cuda_objects PUBLIC
  mlrun_ops fmt::fmt CUDA::cudart_static CUDA::cublasLt)
set_target_properties(mlrun_cuda_objects PROPERTIES
  UNITY_BUILD OFF
  POSITION_INDEPENDENT_CODE ON
  CUDA_VISIBILITY_PRESET hidden
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)

add_library(mlrun_cuda MODULE $<TARGET_OBJECTS:mlrun_cuda_objects>)
target_link_libraries(mlrun_cuda PRIVATE
  mlrun_ops fmt::fmt CUDA::cudart_static CUDA::cublasLt)
# Of the libraries only what the kernels call; all but its one function is its own.
target_link_options(mlrun_cuda PRIVATE -Wl,--as-needed -Wl,--exclude-libs,ALL -Wl,--no-undefined)
set_target_properties(mlrun_cuda PROPERTIES
  LINKER_LANGUAGE CXX
  BUILD_RPATH "${CUDAToolkit_LIBRARY_DIR}"
  INSTALL_RPATH "$ORIGIN;${CUDAToolkit_LIBRARY_DIR}")

# The module holds copies of the libraries below it. What is position independent is only as fast
# as it was where no symbol can be replaced.
list(TRANSFORM MLRUN_OF_MODULE PREPEND mlrun_ OUTPUT_VARIABLE of_module)
set_target_properties(${of_module} PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)
