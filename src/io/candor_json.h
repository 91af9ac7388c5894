// candor.json: what an archive of another library has no place for, in a member that the library does not read.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "candor/dtype.h"
#include "io/zip_directory.h"

namespace candor::io {

inline constexpr std::string_view kCandorJson = "candor.json";

struct CandorJson {
  std::map<std::string, std::string> metadata;
  std::unordered_map<std::string, DType> dtypes;  // of arrays whose elements the archive leaves unnamed
};

/// {"dtypes": {"NAME": "bf16"}, "metadata": {"key": "value"}}; parts that are empty are left out, and with both the
/// text. errors   FormatError (metadata that are no UTF-8)
std::string candor_json_text(const CandorJson& content, std::string_view format, const std::string& path);

/// Reads the member, stored or deflated. `data`: the mapped archive, and `path` its file, for errors.
/// errors   FormatError
CandorJson read_candor_json(const std::byte* data, const ZipEntry& entry, const std::string& path);

}  // namespace candor::io
