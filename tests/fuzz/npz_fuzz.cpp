#include "candor/error.h"
#include "io/zip_directory.h"
#include "tests/fuzz/checkpoint_properties.h"
#include "tests/fuzz/input_file.h"

// The ZIP reader, the inflating and the arrays inside.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor;
  try {
    std::uint64_t end = 0;
    for (const io::ZipEntry& entry : io::parse_zip(reinterpret_cast<const std::byte*>(data), size, "fuzz").entries) {
      if (entry.offset < end || entry.offset > size || entry.stored_bytes > size - entry.offset) std::abort();
      end = entry.offset + entry.stored_bytes;
    }
    const fuzz::InputFile file(data, size);
    fuzz::read_everything(Checkpoint::open(file.path(), OpenOptions{.v2_as_bf16 = true}));
  } catch (const FormatError&) {
  }
  return 0;
}
