// Metadata of one architecture: every key that is there must be used, or it might have changed the result.
#pragma once

#include <set>
#include <string>

#include "candor/io.h"

namespace candor::convert_internal {

class GgufKeys {
 public:
  GgufKeys(const GgufMetadata& metadata, std::string prefix, std::string file)
      : metadata_(metadata), prefix_(std::move(prefix)), file_(std::move(file)) {}

  std::optional<std::uint64_t> integer(std::string_view key) { return metadata_.unsigned_integer(use(key)); }
  std::optional<double> number(std::string_view key) { return metadata_.number(use(key)); }
  std::optional<std::string> string(std::string_view key) { return metadata_.string(use(key)); }
  /// errors   FormatError when absent, or outside [1, 2^31): no extent of a model is
  std::uint64_t extent(std::string_view key);
  /// A key that Hugging Face's form has no place for: only the value that means nothing is accepted.
  void only(std::string_view key, double neutral);
  void ignore(std::string_view key) { use(key); }
  /// errors   FormatError naming the first key of this architecture that nobody asked for
  void refuse_unused() const;
  [[noreturn]] void refuse(std::string_view key, const std::string& what) const;

 private:
  std::string use(std::string_view key) { return *used_.insert(prefix_ + std::string(key)).first; }

  const GgufMetadata& metadata_;
  std::string prefix_, file_;
  std::set<std::string> used_;
};

/// Attention heads as the metadata states them.
struct GgufHeads {
  std::int64_t queries = 0, keys = 0, size = 0;
};

/// errors   FormatError: a key is missing, the channels are no multiple of the heads, the heads none of the key heads
GgufHeads read_heads(GgufKeys& keys);

}  // namespace candor::convert_internal
