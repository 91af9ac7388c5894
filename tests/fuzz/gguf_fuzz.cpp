#include "candor/error.h"
#include "io/gguf_header.h"
#include "tests/fuzz/checkpoint_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const candor::io::GgufHeader header =
        candor::io::parse_gguf(reinterpret_cast<const std::byte*>(data), size, "fuzz");
    candor::fuzz::check_tensors(header.tensors, data, size);
    for (const auto& [key, value] : header.metadata.values) {  // typed access refuses, and nothing worse
      try {
        header.metadata.numbers(key);
      } catch (const candor::FormatError&) {
      }
      try {
        header.metadata.integer(key);
      } catch (const candor::FormatError&) {
      }
    }
  } catch (const candor::FormatError&) {
  }
  return 0;
}
