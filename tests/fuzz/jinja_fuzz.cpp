#include <cstdint>
#include <string_view>

#include "candor/error.h"
#include "candor/text.h"

// Any template either renders or is refused: no crash, no hang, no other exception.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  try {
    const candor::ChatTemplate chat = candor::ChatTemplate::parse(source);
    chat.render({{"system", "be brief"}, {"user", " Hi \u00e9\n"}, {"assistant", "<think>a</think>b"}, {"user", "1,2"}},
                {true, "<s>", "</s>", "2024-07-26"});
  } catch (const candor::FormatError&) {
  } catch (const candor::ValueError&) {
  }
  return 0;
}
