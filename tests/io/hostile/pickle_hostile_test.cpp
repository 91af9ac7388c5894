// Pickles that would break a machine without limits.
#include "candor/error.h"
#include "io/pickle.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using namespace testing::pickled;
using testing::little_endian;

struct Case {
  const char* name;
  std::string bytes;
  std::uint64_t position;
  const char* what;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::vector<Case> stack_cases() {
  return {
      {"empty", "", 0, "an opcode needs 1 bytes"},
      {"no_stop", "\x80\x02N", 3, "an opcode needs 1 bytes"},
      {"protocol_1", "\x80\x01N.", 0, "protocol 1; 2 to 5"},
      {"protocol_6", "\x80\x06N.", 0, "protocol 6; 2 to 5"},
      {"pickle_in_pickle", "\x80\x02\x80\x02N.", 2, "a second pickle begins inside"},
      {"unknown_opcode", "\x80\x02\xff", 2, "the opcode 255"},
      {"inst", "\x80\x02(ios\nsystem\n.", 3, "the opcode 105"},
      {"nothing_left", "\x80\x02.", 2, "takes a value"},
      {"too_much_left", whole("NN"), 4, "values left"},
      {"open_mark", whole("(N"), 4, "values left"},
      {"no_mark", whole("Nt"), 3, "there is no mark"},
      {"below_mark", whole("N(\x85"), 4, "none above its mark"},
      {"memo", whole("h\x07"), 2, "value 7 from its memo"},
      {"long_memo", whole("j\xff\xff\xff\xff"), 2, "value 4294967295 from its memo"},
      {"put_nothing", whole("q\x01"), 2, "takes a value"},
  };
}

/// An object and a state for it, twice; the second BUILD is missing.
std::string two_states() { return symbol("my", "Model") + ")\x81" + dict({{"a", "N"}}) + "b" + dict({{"b", "N"}}); }

std::vector<Case> value_cases() {
  return {
      {"text_beyond",
       "\x80\x02X\xff\xff\xff\x7f"
       "abc",
       7, "a text needs 2147483647 bytes"},
      {"text8_beyond", "\x80\x02\x8d" + little_endian<std::uint64_t>(UINT64_MAX), 2, "a text of 18446744073709551615"},
      {"long_beyond", "\x80\x02\x8b\xff\xff\xff\xff", 7, "a text needs 4294967295 bytes"},
      {"frame", "\x80\x04\x95" + little_endian<std::uint64_t>(99) + "N.", 2, "a frame of 99 bytes"},
      {"endless_symbol",
       "\x80\x02"
       "c" +
           std::string(3000, 'a'),
       2, "does not end within 1024 bytes"},
      {"symbol_not_utf8", whole("c\xff\nb\n"), 2, "not UTF-8"},
      {"stack_symbol", whole("NN\x93"), 4, "no texts"},
      {"arguments", whole("NNR"), 4, "None where a tuple of arguments belongs"},
      {"state", whole("NNb"), 4, "a state is set on None"},
      {"second_state", whole(two_states() + "b"), 2 + two_states().size(), "a second state is set on an object"},
      {"odd_items", whole("}(Nu"), 5, "a key without a value"},
      {"odd_dict", whole("(Nd"), 4, "a key without a value"},
      {"append_to_dict", whole("}Na"), 4, "fills a list but finds a dict"},
      {"set_in_list", whole("]NNs"), 5, "fills a dict but finds a list"},
      {"deep_marks", "\x80\x02" + std::string(5000, '('), 2 + 4096, "deeper than 4096 marks"},
      {"high_stack",
       "\x80\x02"
       "N" +
           std::string(1u << 20, '2'),
       2 + (1u << 20), "stack is higher than 1048576"},
      {"many_values", "\x80\x02" + repeated("]0", (1u << 22) + 1), 2 + (2u << 22), "more than 4194304 values"},
  };
}

std::string distant_puts(std::uint32_t count) {
  std::string out = "\x80\x02N";
  for (std::uint32_t i = 0; i < count; ++i) out += "r" + little_endian(0x10000000 + i);
  return out;
}

std::string different_symbols(int count) {
  std::string out = "\x80\x02";
  for (int i = 0; i < count; ++i) out += symbol("m", std::to_string(10000 + i)) + "0";
  return out;
}

/// Few bytes that would become much memory.
std::vector<Case> growing_cases() {
  return {
      // The 131,073 values so far are as many as half of the bytes and 65,536.
      {"a_byte_a_value", "\x80\x02" + std::string(140000, ']'), 2 + 131073, "131073 values in 131075 bytes"},
      {"distant_memo", distant_puts((1u << 16) + 1), 3 + 5 * (1u << 16), "65536 keys above the number of its bytes"},
      {"symbols", different_symbols(4097), 2 + 4096 * 10, "more than 4096 different symbols"},
  };
}

class PickleHostile : public ::testing::TestWithParam<Case> {};

TEST_P(PickleHostile, IsRefusedAtItsByte) {
  const Case& test = GetParam();
  const std::string file = "h.pkl";
  const std::string text = testing::error_text<FormatError>([&] {
    io::ByteCursor cursor(reinterpret_cast<const std::byte*>(test.bytes.data()), test.bytes.size(), "pytorch", file);
    io::run_pickle(cursor);
  });
  EXPECT_NE(text.find("pytorch: h.pkl: byte " + std::to_string(test.position) + ": "), std::string::npos) << text;
  EXPECT_NE(text.find(test.what), std::string::npos) << text;
}

const auto kCaseName = [](const auto& test) { return std::string(test.param.name); };
INSTANTIATE_TEST_SUITE_P(Stack, PickleHostile, ::testing::ValuesIn(stack_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Value, PickleHostile, ::testing::ValuesIn(value_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Growing, PickleHostile, ::testing::ValuesIn(growing_cases()), kCaseName);

}  // namespace
}  // namespace candor
