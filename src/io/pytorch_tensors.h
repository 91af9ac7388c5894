// The tensors that a pickle of torch.save describes: names from its dicts, places from its storages.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "candor/io.h"
#include "io/pickle.h"

namespace candor::io {

/// What persistent ids of a pickle say: ('storage', type, key, location, numel).
struct PytorchStorage {
  std::string_view key;
  std::uint64_t elements = 0;    // of `item_bytes`
  std::uint64_t item_bytes = 0;  // 1 for untyped storages
  DType dtype = DType::any;
  std::string_view spelling;  // "bfloat16"; empty: untyped
  std::uint64_t position = 0;
};

/// Bytes of a storage in the file. `find` throws FormatError when they are not there.
struct StoredBytes {
  std::uint64_t offset = 0, bytes = 0;
};
using StorageFinder = std::function<StoredBytes(const PytorchStorage& storage)>;

/// The persistent id `id`. errors: FormatError (no storage, a type that is unknown here, a size beyond 2^63)
PytorchStorage pytorch_storage(const Pickle& pickle, PickleId id, const std::string& file);

struct PytorchTensors {
  std::vector<TensorEntry> tensors;  // in file order
  std::vector<std::string> spellings;
  std::map<std::string, std::uint64_t, std::less<>> unknown_symbols;  // named so often, understood never
  std::map<std::string, std::string> metadata;                        // of candor.json, in archives that candor wrote
};

/// Every tensor that the root reaches through dicts, lists, tuples and the states of objects. Names are the keys on the
/// way, with dots between them. Views may have many times the `file_bytes`, but not without end.
///   errors   FormatError with the byte of the opcode
PytorchTensors pytorch_tensors(const Pickle& pickle, const StorageFinder& find, const std::string& file,
                               std::uint64_t file_bytes);

}  // namespace candor::io
