// The element types of PyTorch by the names that its pickles use.
#pragma once

#include <cstdint>
#include <string_view>

#include "candor/dtype.h"

namespace candor::io {

struct PytorchType {
  std::string_view name;     // torch.NAME
  std::string_view storage;  // torch.STORAGE; empty: saved through untyped storages only
  DType dtype;               // any: named and bounded, not read
  std::uint32_t bytes;       // of one element
};

/// By "torch.FloatStorage"; nullptr when unknown.
const PytorchType* pytorch_type_of_storage(std::string_view symbol);

/// By "torch.float32"; nullptr when unknown.
const PytorchType* pytorch_type_of_dtype(std::string_view symbol);

/// nullptr for dtypes that PyTorch has not, or packs in another way.
const PytorchType* pytorch_type_of(DType dtype);

/// True for symbols that the reader understands, or that say nothing about tensors.
bool pytorch_symbol_is_known(std::string_view symbol);

}  // namespace candor::io
