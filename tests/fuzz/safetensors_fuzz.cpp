#include "candor/error.h"
#include "io/safetensors_header.h"
#include "tests/fuzz/checkpoint_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const candor::io::SafetensorsHeader header =
        candor::io::parse_safetensors(reinterpret_cast<const std::byte*>(data), size, "fuzz");
    candor::fuzz::check_tensors(header.tensors, data, size);
    // No holes and no tail: the tensors' bytes and the header are the whole file.
    std::uint64_t covered = 0;
    for (const candor::TensorEntry& entry : header.tensors) covered += entry.nbytes;
    const std::uint64_t start = header.tensors.empty() ? size : header.tensors.front().offset;
    if (start + covered != size) std::abort();
  } catch (const candor::FormatError&) {
  }
  return 0;
}
