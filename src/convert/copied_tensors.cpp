#include "convert/copied_tensors.h"

#include "candor/error.h"
#include "candor/io.h"
#include "convert/tensor_stream.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

constexpr std::uint64_t kPieceBytes = 4u << 20;

std::uint64_t hash_of(const Checkpoint& checkpoint, const TensorEntry& entry, const std::atomic<bool>* cancel) {
  io::ContentHash hash;
  TensorReader reader(checkpoint, entry);
  for (auto piece = reader.next(kPieceBytes); !piece.empty(); piece = reader.next(kPieceBytes)) {
    throw_if_cancelled(cancel);
    hash.add(piece.data(), piece.size());
  }
  checkpoint.release(entry);
  return hash.value();
}

/// What a reader refuses of a file that was just written is no fault of a format.
Checkpoint open_written(const std::string& written) {
  try {
    return Checkpoint::open(written);
  } catch (const FormatError& error) {
    throw IoError("convert: " + written + ": what was written cannot be read (" + error.what() +
                  "); nothing was replaced: the disk may be failing");
  }
}

}  // namespace

void CopiedTensors::verify(const std::string& written, OutputKind kind, const std::atomic<bool>* cancel) const {
  if (hashes_.empty()) return;
  const Checkpoint checkpoint = open_written(written);
  for (const auto& [name, hash] : hashes_) {
    const bool nameless = kind == OutputKind::npy && checkpoint.tensors().size() == 1;
    const TensorEntry* entry = nameless ? &checkpoint.tensors().front() : checkpoint.find(name);
    if (entry == nullptr || hash_of(checkpoint, *entry, cancel) != hash.value())
      throw IoError("convert: " + written + ": tensor " + io::quote(name) +
                    (entry == nullptr ? " is not in what was written"
                                      : " does not read back with the bytes that the source has") +
                    "; nothing was replaced: the disk may be failing, or the source changed meanwhile");
  }
}

}  // namespace candor::convert_internal
