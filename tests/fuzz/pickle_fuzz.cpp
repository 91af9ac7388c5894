#include "candor/error.h"
#include "io/pytorch_tensors.h"
#include "tests/fuzz/checkpoint_properties.h"

// The pickle machine, and the walk over what it leaves. The storages lie in 4096 bytes that are not there.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor;
  const std::string file = "fuzz";
  try {
    io::ByteCursor cursor(reinterpret_cast<const std::byte*>(data), size, "pytorch", file);
    const io::Pickle pickle = io::run_pickle(cursor);
    for (io::PickleId id = 0; id < pickle.size(); ++id) {
      for (const io::PickleId item : pickle.items(id))
        if (item >= pickle.size()) std::abort();
      const std::string_view text = pickle.text(id);
      if (!text.empty() && (text.data() < reinterpret_cast<const char*>(data) ||
                            text.data() + text.size() > reinterpret_cast<const char*>(data) + size))
        std::abort();
    }
    const auto find = [&](const io::PytorchStorage& storage) -> io::StoredBytes {
      const std::uint64_t bytes = storage.elements * storage.item_bytes;
      if (bytes > 4096) throw FormatError("fuzz: a storage of more bytes than are there");
      return {0, bytes};
    };
    const std::vector<std::uint8_t> memory(4096);
    fuzz::check_strided_tensors(io::pytorch_tensors(pickle, find, file, 4096).tensors, memory.data(), memory.size());
  } catch (const FormatError&) {
  }
  return 0;
}
