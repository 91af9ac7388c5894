// Bytes in JSON strings: RFC 4648's base64, with padding, of which there is one spelling for any bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace candor::audit_internal {

std::string base64_text(std::string_view bytes);
/// Nothing for text that base64_text() does not write.
std::optional<std::string> base64_bytes(std::string_view text);

}  // namespace candor::audit_internal
