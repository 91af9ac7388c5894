#include "candor/error.h"
#include "io/pytorch_file.h"
#include "tests/fuzz/checkpoint_properties.h"
#include "tests/fuzz/input_file.h"

// Both forms of PyTorch's files, down to the elements.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor;
  const std::byte* bytes = reinterpret_cast<const std::byte*>(data);
  try {
    if (!io::is_zip(bytes, size)) {
      fuzz::check_strided_tensors(io::parse_pytorch_legacy(bytes, size, "fuzz").tensors, data, size);
    } else {
      const io::ZipDirectory zip = io::parse_zip(bytes, size, "fuzz");
      fuzz::check_strided_tensors(io::parse_pytorch_zip(bytes, size, zip, "fuzz").tensors, data, size);
    }
    const fuzz::InputFile file(data, size);
    fuzz::read_everything(Checkpoint::open(file.path()));
  } catch (const FormatError&) {
  }
  return 0;
}
