// The header of one GGUF file: magic, counts, typed metadata, tensor infos. Little-endian, versions 2 and 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "candor/io.h"
#include "io/byte_cursor.h"

namespace candor::io {

inline constexpr std::uint64_t kGgufDefaultAlignment = 32;
inline constexpr std::uint64_t kMaxGgufName = 63;          // bytes of a tensor's name: 64 with the NUL that ggml adds
inline constexpr std::uint64_t kMaxGgufKey = 65535;        // bytes of a metadata key
inline constexpr std::uint64_t kMaxGgufLength = 1u << 30;  // bytes of a string, elements of an array
inline constexpr int kMaxGgufArrayDepth = 4;

struct GgufHeader {
  GgufMetadata metadata;
  std::vector<TensorEntry> tensors;     // in file order; offsets from the start of the file
  std::vector<std::uint32_t> type_ids;  // of each tensor
  std::uint64_t alignment = kGgufDefaultAlignment;
  std::uint64_t data_start = 0;
};

/// Checks everything before anything proportional to a claimed count is allocated.
/// `file` names the source in errors. errors: FormatError
GgufHeader parse_gguf(const std::byte* data, std::uint64_t size, const std::string& file);

/// Key/value pairs at the cursor. Each takes at least 13 bytes, so `count` is bounded by what is left.
GgufMetadata read_gguf_metadata(ByteCursor& cursor, std::uint32_t version, std::uint64_t count);

/// A string: u64 length and bytes. errors: FormatError when longer than `limit` or than the file
std::string read_gguf_string(ByteCursor& cursor, std::string_view what, std::uint64_t limit);

/// "q4_0", the name of a type that was once in the format, or "type 99".
std::string gguf_type_name(std::uint32_t type_id);

}  // namespace candor::io
