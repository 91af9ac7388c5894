#include "io/candor_json.h"

#include <nlohmann/json.hpp>

#include "candor/error.h"
#include "io/inflate_stream.h"
#include "io/refuse.h"
#include "io/strict_json.h"

namespace candor::io {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::uint64_t kMostBytes = 256u << 20;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw FormatError("zip: " + path + ": " + std::string(kCandorJson) + ": " + what);
}

/// The object called `name`; nullptr without one.
const Json* object_in(const Json& document, const char* name, const std::string& path) {
  const auto found = document.find(name);
  if (found == document.end()) return nullptr;
  if (!found->is_object()) fail(path, quote(name) + " is no object of names and texts");
  for (const auto& [key, value] : found->items())
    if (!value.is_string()) fail(path, quote(key) + " in " + quote(name) + " is no text");
  return &*found;
}

std::string content_of(const std::byte* data, const ZipEntry& entry, const std::string& path) {
  if (entry.bytes > kMostBytes)
    fail(path, "has " + std::to_string(entry.bytes) + " bytes, at most " + std::to_string(kMostBytes) + " are read");
  std::string text(entry.bytes, '\0');
  if (entry.deflated)
    InflateStream(data, {entry.offset, entry.stored_bytes, entry.bytes, entry.crc}, path)
        .read(reinterpret_cast<std::byte*>(text.data()), text.size());
  else
    text.assign(reinterpret_cast<const char*>(data) + entry.offset, entry.bytes);
  return text;
}

}  // namespace

std::string candor_json_text(const CandorJson& content, std::string_view format, const std::string& path) {
  for (const auto& [key, value] : content.metadata)
    for (const std::string& text : {key, value})
      if (!is_utf8(text) || text.find('\0') != std::string::npos)
        throw FormatError(std::string(format) + ": " + path + ": the metadata hold " + quote(text) + " (key " +
                          quote(key) + "), which is no UTF-8 text without NUL; write it in UTF-8");
  nlohmann::json document = nlohmann::json::object();  // sorted by name: no order of a hash table gets into the file
  for (const auto& [name, dtype] : content.dtypes) document["dtypes"][name] = dtype_name(dtype);
  if (!content.metadata.empty()) document["metadata"] = content.metadata;
  return document.empty() ? "" : document.dump() + "\n";
}

CandorJson read_candor_json(const std::byte* data, const ZipEntry& entry, const std::string& path) {
  const std::string text = content_of(data, entry, path);
  const Json document = parse_strict_json(text, path, entry.offset);
  if (!document.is_object()) fail(path, "is no object");
  CandorJson content;
  if (const Json* metadata = object_in(document, "metadata", path))
    for (const auto& [key, value] : metadata->items()) content.metadata.emplace(key, value.get<std::string>());
  const Json* dtypes = object_in(document, "dtypes", path);
  if (dtypes == nullptr) return content;
  for (const auto& [name, value] : dtypes->items()) {
    const std::string& spelling = value.get_ref<const std::string&>();
    const std::optional<DType> dtype = parse_dtype(spelling);
    if (!dtype || !is_floating(*dtype) || dtype_info(*dtype).block_bytes == 0)
      fail(path, quote(spelling) + ", the dtype of " + quote(name) + ", is no number format; \"bf16\" would be");
    content.dtypes.emplace(name, *dtype);
  }
  return content;
}

}  // namespace candor::io
