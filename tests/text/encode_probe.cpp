// Encodes texts for comparison with another implementation: tests/text/differential.py drives it.
// Usage: text_encode_probe TOKENIZER.JSON [description PRE] < lines of hexadecimal UTF-8 > lines of ids
// With "description PRE" the same tokens go through Tokenizer::from_description.
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>

#include "candor/text.h"
#include "tests/text/description_from_json.h"

namespace {

std::string read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string from_hex(const std::string& line) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

candor::Tokenizer load(int argc, char** argv) {
  const std::string json = read_file(argv[1]);
  if (argc < 4) return candor::Tokenizer::from_tokenizer_json(json, argv[1]);
  return candor::Tokenizer::from_description(candor::test::description_from_json(json, argv[3]));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::cerr << "usage: text_encode_probe TOKENIZER.JSON [description PRE]\n";
    return 2;
  }
  try {
    const candor::Tokenizer tokenizer = load(argc, argv);
    std::string line;
    while (std::getline(std::cin, line)) {
      const bool parse_special = line.empty() || line[0] != '-';  // a leading "-": control tokens are plain text
      std::ostringstream ids;
      for (const candor::TokenId id :
           tokenizer.encode(from_hex(parse_special ? line : line.substr(1)), true, parse_special)) {
        ids << id << ' ';
      }
      std::cout << ids.str() << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
