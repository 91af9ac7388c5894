#include "text/byte_alphabet.h"

#include <array>

#include "text/utf8.h"

namespace candor::text {
namespace {

constexpr bool spells_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr std::array<char32_t, 256> make_alphabet() {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 0x100;  // the other bytes take U+0100 … U+0143 in order
  for (unsigned byte = 0; byte < 256; ++byte) alphabet[byte] = spells_itself(byte) ? byte : next++;
  return alphabet;
}

constexpr std::array<char32_t, 256> kAlphabet = make_alphabet();
constexpr char32_t kAlphabetEnd = 0x144;

constexpr std::array<int, kAlphabetEnd> make_inverse() {
  std::array<int, kAlphabetEnd> inverse{};
  for (int& byte : inverse) byte = -1;
  for (int byte = 0; byte < 256; ++byte) inverse[kAlphabet[static_cast<std::size_t>(byte)]] = byte;
  return inverse;
}

constexpr std::array<int, kAlphabetEnd> kInverse = make_inverse();

}  // namespace

std::optional<std::string> bytes_from_spelling(std::string_view spelled) {
  std::string bytes;
  bytes.reserve(spelled.size());
  for (std::size_t position = 0; position < spelled.size();) {
    const DecodedCharacter character = decode_utf8(spelled, position);
    position += character.length;
    if (!character.valid || character.code >= kAlphabetEnd || kInverse[character.code] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kInverse[character.code]));
  }
  return bytes;
}

std::string spelling_of_bytes(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) append_utf8(out, kAlphabet[static_cast<unsigned char>(byte)]);
  return out;
}

}  // namespace candor::text
