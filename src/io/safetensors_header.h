// The header of one safetensors file: 8 bytes of length, JSON, then tensors that fill the rest without a gap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "candor/io.h"

namespace candor::io {

inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;          // in file order; offsets from the start of the file
  std::vector<std::string> dtype_spellings;  // of each tensor, as the header has it
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Checks every rule of the format before anything proportional to a claimed size is allocated.
/// `file` names the source in errors. errors: FormatError
SafetensorsHeader parse_safetensors(const std::byte* data, std::uint64_t size, const std::string& file);

/// One entry of the JSON, unchecked but for its syntax.
struct RawTensor {
  std::string name, dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0, end = 0;  // data_offsets
  std::uint64_t position = 0;        // byte of its key in the file
};

struct RawHeader {
  std::vector<RawTensor> tensors;  // in the order of the JSON
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Strict JSON of `size` bytes that start at byte 8 of `file`: no duplicate key, integers only, nothing unknown.
RawHeader parse_safetensors_json(const char* text, std::size_t size, const std::string& file);

}  // namespace candor::io
