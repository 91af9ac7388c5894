#include "audit/fingerprint/counts_text.h"

#include "audit/fingerprint/base64.h"
#include "io/checked.h"

namespace candor::audit_internal {
namespace {

void put(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7f) | 0x80);
  bytes += static_cast<char>(number);
}

/// The number at `at`, which moves behind it; nothing when none of 64 bits begins there, or in too many bytes.
std::optional<std::uint64_t> take(std::string_view bytes, std::size_t& at) {
  std::uint64_t number = 0;
  for (int shift = 0; at < bytes.size() && shift < 64; shift += 7) {
    const std::uint64_t part = static_cast<unsigned char>(bytes[at++]);
    if (shift == 63 && (part & 0x7f) > 1) return std::nullopt;
    number |= (part & 0x7f) << shift;
    if (part < 0x80) return part == 0 && shift > 0 ? std::nullopt : std::optional(number);
  }
  return std::nullopt;
}

std::string at_byte(const std::string& what, std::size_t at) {
  return std::string(what).append(" at byte ").append(std::to_string(at)).append(" of what its base64 encodes");
}

}  // namespace

std::string counts_text(const CodeCounts& counts) {
  std::string bytes;
  std::uint32_t before = 0;
  for (const auto& [code, count] : counts) {
    put(bytes, code - before);
    put(bytes, count);
    before = code;
  }
  return base64_text(bytes);
}

std::string read_counts(std::string_view text, std::uint64_t codes, CodeCounts& counts) {
  const std::optional<std::string> bytes = base64_bytes(text);
  if (!bytes) return "is not base64";
  counts.clear();
  std::uint64_t code = 0;
  for (std::size_t at = 0; at < bytes->size();) {
    const std::size_t begin = at;
    const std::optional<std::uint64_t> step = take(*bytes, at), count = step ? take(*bytes, at) : std::nullopt;
    if (!count) return at_byte("has no pair of LEB128 numbers", begin);
    if (*step == 0 && !counts.empty()) return at_byte("names a code twice", begin);
    if (*count == 0) return at_byte("counts a code zero times", begin);
    const std::optional<std::uint64_t> next = io::checked_add(code, *step);
    if (!next || *next >= codes)
      return at_byte("goes beyond the largest code, " + std::to_string(codes - 1) + ",", begin);
    code = *next;
    counts.emplace_back(static_cast<std::uint32_t>(code), *count);
  }
  return "";
}

std::optional<std::uint64_t> sum_of(const CodeCounts& counts) {
  std::uint64_t sum = 0;
  for (const auto& [code, count] : counts) {
    const std::optional<std::uint64_t> next = io::checked_add(sum, count);
    if (!next) return std::nullopt;
    sum = *next;
  }
  return sum;
}

}  // namespace candor::audit_internal
