#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "candor/error.h"
#include "candor/text.h"

// The first line is text, the rest a tokenizer.json. Streaming must give what decoding gives, and both UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  try {
    const auto tokenizer = candor::Tokenizer::from_tokenizer_json(input.substr(line + 1), "fuzz");
    for (const bool parse_special : {false, true}) {
      const std::vector<candor::TokenId> ids = tokenizer.encode(input.substr(0, line), true, parse_special);
      candor::StreamingDetokenizer stream(tokenizer, false);
      std::string text;
      for (const candor::TokenId id : ids) text += stream.push(id);
      text += stream.flush();
      if (text != tokenizer.decode(ids)) std::abort();
      tokenizer.encode(text, false, false);  // what is decoded is UTF-8
    }
  } catch (const candor::FormatError&) {
  } catch (const candor::ValueError&) {
  }
  return 0;
}
