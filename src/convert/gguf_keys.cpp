#include "convert/gguf_keys.h"

#include "candor/error.h"
#include "io/refuse.h"

namespace candor::convert_internal {

std::uint64_t GgufKeys::extent(std::string_view key) {
  constexpr std::uint64_t kTooLarge = std::uint64_t{1} << 31;
  const std::optional<std::uint64_t> value = integer(key);
  if (!value) refuse(key, "is missing; config.json needs it");
  if (*value == 0 || *value >= kTooLarge) refuse(key, "is " + std::to_string(*value) + ", which no model has");
  return *value;
}

void GgufKeys::only(std::string_view key, double neutral) {
  const std::string name = use(key);
  const GgufValue* value = metadata_.find(name);
  if (value == nullptr) return;
  const bool* flag = std::get_if<bool>(&value->value);
  const double found = flag != nullptr ? static_cast<double>(*flag) : *metadata_.number(name);
  if (found != neutral)
    refuse(key,
           "is " + std::to_string(found) + ", which config.json cannot express; keep the GGUF file for this model");
}

void GgufKeys::refuse_unused() const {
  for (const auto& [key, value] : metadata_.values) {
    if (!key.starts_with(prefix_) || used_.contains(key)) continue;
    throw FormatError("convert: " + file_ + ": metadata key " + io::quote(key) +
                      " is not known and may change what the model computes; keep the GGUF file for this model");
  }
}

void GgufKeys::refuse(std::string_view key, const std::string& what) const {
  throw FormatError("convert: " + file_ + ": metadata key " + io::quote(prefix_ + std::string(key)) + " " + what);
}

GgufHeads read_heads(GgufKeys& keys) {
  const std::uint64_t channels = keys.extent("embedding_length"), queries = keys.extent("attention.head_count");
  const std::uint64_t shared = keys.integer("attention.head_count_kv").value_or(queries);
  const std::optional<std::uint64_t> stated = keys.integer("attention.key_length");
  if (!stated && channels % queries != 0)
    keys.refuse("attention.head_count", "is " + std::to_string(queries) + ", which does not divide the " +
                                            std::to_string(channels) + " channels; the file is damaged");
  if (shared == 0 || queries % shared != 0)
    keys.refuse("attention.head_count_kv", "is " + std::to_string(shared) + ", which does not divide the " +
                                               std::to_string(queries) + " heads; the file is damaged");
  const std::uint64_t size = stated ? keys.extent("attention.key_length") : channels / queries;
  if (const auto value = keys.integer("attention.value_length"); value && *value != size)
    keys.refuse("attention.value_length", "is " + std::to_string(*value) + " but keys have " + std::to_string(size) +
                                              "; keep the GGUF file for this model");
  return {static_cast<std::int64_t>(queries), static_cast<std::int64_t>(shared), static_cast<std::int64_t>(size)};
}

}  // namespace candor::convert_internal
