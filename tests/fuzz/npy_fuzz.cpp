#include "candor/error.h"
#include "io/npy_header.h"
#include "tests/fuzz/checkpoint_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor;
  try {
    io::NpyHeader header = io::parse_npy(reinterpret_cast<const std::byte*>(data), size, size, 0, "fuzz");
    if (header.header_bytes + header.nbytes != size) std::abort();
    TensorEntry entry;
    entry.dtype = header.dtype;
    entry.shape = header.shape;
    entry.strides = header.strides;
    entry.nbytes = header.nbytes;
    entry.offset = header.header_bytes;
    fuzz::check_strided_tensors({entry}, data, size);
    io::read_npy_as(header, DType::bf16, "fuzz");
    if (header.dtype != DType::bf16 || header.item_bytes != 2) std::abort();
  } catch (const FormatError&) {
  }
  return 0;
}
