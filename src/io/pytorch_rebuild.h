// One tensor out of the arguments of the function that would rebuild it.
#pragma once

#include <string>

#include "candor/io.h"
#include "io/pickle.h"
#include "io/pytorch_tensors.h"

namespace candor::io {

inline constexpr std::string_view kPytorchFormat = "pytorch";

/// True when the node is a call that rebuilds a tensor or a parameter.
bool is_pytorch_tensor(const Pickle& pickle, PickleId id);

/// The tensor behind the parameter wrappers. `entry.name` is left empty. errors: FormatError
TensorEntry pytorch_tensor(const Pickle& pickle, PickleId id, const StorageFinder& find, const std::string& file,
                           std::string& spelling);

}  // namespace candor::io
