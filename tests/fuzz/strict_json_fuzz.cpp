#include "candor/error.h"
#include "io/strict_json.h"

// What is accepted must also be accepted by nlohmann's own reader and mean the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const nlohmann::ordered_json document = candor::io::parse_strict_json(text, "fuzz");
    if (document != nlohmann::ordered_json::parse(text)) std::abort();
  } catch (const candor::FormatError&) {
  }
  return 0;
}
