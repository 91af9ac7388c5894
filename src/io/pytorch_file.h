// PyTorch's files: a ZIP archive with a pickle and one entry for each storage, or the form before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/pytorch_tensors.h"
#include "io/zip_directory.h"

namespace candor::io {

/// The archive's pickle ("NAME/data.pkl"); nullptr when it is no archive of torch.save.
const ZipEntry* find_pytorch_pickle(const ZipDirectory& zip);

/// errors   FormatError (the first violation, with its byte)
PytorchTensors parse_pytorch_zip(const std::byte* data, std::uint64_t size, const ZipDirectory& zip,
                                 const std::string& file);

/// True when the file begins with the pickle of the magic number 0x1950a86a20f9469cfc6c.
bool is_legacy_pytorch(const std::byte* data, std::uint64_t size);

/// Pickles of magic, protocol, machine, object and storage keys, then the storages. errors: FormatError
PytorchTensors parse_pytorch_legacy(const std::byte* data, std::uint64_t size, const std::string& file);

}  // namespace candor::io
