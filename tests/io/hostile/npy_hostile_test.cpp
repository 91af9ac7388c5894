// NumPy headers and archives that lie; each is refused at its byte.
#include "candor/error.h"
#include "candor/io.h"
#include "io/npy_header.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using testing::npy_bytes;
using testing::npy_dict;
using testing::ZipBytes;

struct Case {
  const char* name;
  std::string bytes;
  std::uint64_t position;
  const char* what;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

constexpr std::uint64_t kDict = 10, kDescr = 20,
                        kShape = 60;  // of version 1 and a descr of three characters

std::string header(const std::string& dict) { return npy_bytes(dict); }
std::string shaped(const std::string& shape, const std::string& data = "") {
  return npy_bytes(npy_dict("<f4", shape), data);
}
std::string typed(const std::string& descr) { return npy_bytes(npy_dict(descr, "(1,)"), "1234"); }

std::vector<Case> file_cases() {
  const std::string good = shaped("(1,)", "1234");
  std::string version = good, minor = good, length = good;
  version[6] = '\4';
  minor[7] = '\1';
  length[9] = '\x10';
  return {
      {"magic", "\x93NUMPX", 0, "magic"},
      {"short", good.substr(0, 9), 0, "fewer than a header"},
      {"version", version, 6, "version 4.0"},
      {"minor", minor, 6, "version 1.1"},
      {"header_beyond", length, 8, "bytes but only"},
      {"header_huge", npy_bytes(npy_dict("<f4", "(1,)") + std::string(70000, ' '), "1234", '\2'), 8,
       "at most 65524 are read"},
  };
}

std::vector<Case> literal_cases() {
  return {
      {"no_dict", header("[]"), kDict, "'{' belongs here"},
      {"unknown_key", header("{'descr': '<f4', 'order': 1}"), 27, "the key 'order'"},
      {"duplicate", header("{'descr': '<f4', 'descr': '<f8', }"), 27, "'descr' appears twice"},
      {"missing", header("{'descr': '<f4', 'shape': ()}"), kDict, "no key 'fortran_order'"},
      {"number_key", header("{1: 2}"), 11, "a key of the header is no string"},
      {"open_string", header("{'descr"), 11, "does not end"},
      {"escape", header("{'descr': '<f\\x34'}"), kDescr, "has an escape"},
      {"order_is_a_call", header("{'fortran_order': bool(1)}"), 28, "neither True nor False"},
      {"code_behind", header(npy_dict("<f4", "()") + "+print()"), 65, "does not end in spaces"},
      {"records", header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}"), kDescr, "structured dtype"},
      {"big_endian", typed(">f4"), kDescr, "big-endian"},
      {"no_order", typed("f4"), kDescr, "not one of NumPy's"},
      {"native_order", typed("=f4"), kDescr, "not one of NumPy's"},
      {"bar_order", typed("|f4"), kDescr, "without a byte order"},
      {"nonsense_type", typed("<q4"), kDescr, "not one of NumPy's"},
      {"endless_type", typed("<V99999999999999999999"), kDescr, "not one of NumPy's"},
  };
}

std::vector<Case> shape_cases() {
  std::string many_ones;
  for (int i = 0; i < 65; ++i) many_ones += "1, ";
  return {
      {"shape_is_a_number", shaped("(4)"), kShape + 2, "a number, not a tuple"},
      {"shape_is_a_list", shaped("[4]"), kShape, "'(' belongs here"},
      {"negative", shaped("(-1,)"), kShape + 1, "no whole number"},
      {"fraction", shaped("(1.5,)"), kShape + 2, "a number, not a tuple"},
      {"leading_zero", shaped("(01,)"), kShape + 1, "begins with 0"},
      {"extent_wraps", shaped("(18446744073709551617,)"), kShape + 1, "above 2^63-1"},
      {"product_wraps_to_zero", shaped("(4294967296, 4294967296)"), kShape, "more than 2^63-1 elements"},
      {"absurd_beside_zero", shaped("(0, 9223372036854775807, 3)"), kShape, "more than 2^63-1 elements"},
      {"bytes_wrap", shaped("(4611686018427387904, 1)"), kShape, "more than 2^64 bytes"},
      {"rank", shaped("(" + many_ones + ")"), kShape + 1 + 64 * 3, "more than 64 dimensions"},
      {"short_data", shaped("(2,)", "1234"), kShape, "takes 8 bytes but 4 follow"},
      {"tail", shaped("(1,)", "12345"), kShape, "takes 4 bytes but 5 follow"},
  };
}

class NpyHostile : public ::testing::TestWithParam<Case> {};

TEST_P(NpyHostile, IsRefusedAtItsByte) {
  const Case& test = GetParam();
  const std::string text = testing::error_text<FormatError>([&] {
    io::parse_npy(reinterpret_cast<const std::byte*>(test.bytes.data()), test.bytes.size(), test.bytes.size(), 0,
                  "h.npy");
  });
  EXPECT_NE(text.find("npy: h.npy: byte " + std::to_string(test.position) + ": "), std::string::npos) << text;
  EXPECT_NE(text.find(test.what), std::string::npos) << text;
}

const auto kCaseName = [](const auto& test) { return std::string(test.param.name); };
INSTANTIATE_TEST_SUITE_P(File, NpyHostile, ::testing::ValuesIn(file_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Literal, NpyHostile, ::testing::ValuesIn(literal_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Shape, NpyHostile, ::testing::ValuesIn(shape_cases()), kCaseName);

std::string refused(const std::string& bytes) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.put("h.npz", bytes);
  return testing::error_text<FormatError>([&] { Checkpoint::open(path); });
}

TEST(NpzHostile, EntriesMustBeArrays) {
  const ZipBytes zip({testing::stored("a.npy", shaped("(1,)", "1234")), testing::stored("b.txt", "hello")});
  const std::string text = refused(zip.bytes);
  EXPECT_NE(text.find("byte " + std::to_string(zip.records[1]) + ": entry 'b.txt' is no .npy array"), std::string::npos)
      << text;
}

TEST(NpzHostile, AnErrorInsideAnArrayPointsIntoTheArchive) {
  const ZipBytes zip({testing::stored("a.npy", shaped("(2,)", "1234"))});
  const std::string text = refused(zip.bytes);
  EXPECT_NE(text.find("byte " + std::to_string(zip.data[0] + kShape) + ": the array of shape [2]"), std::string::npos)
      << text;
}

TEST(NpzHostile, AnArrayMustFillItsEntry) {
  const ZipBytes zip({testing::compressed("a.npy", shaped("(3,)", "1234"))});
  EXPECT_NE(refused(zip.bytes).find("takes 12 bytes but 4 follow"), std::string::npos);
  ZipBytes claim({testing::compressed("a.npy", shaped("(1,)", "1234"))});
  // Both headers claim one byte more than is there.
  const std::uint32_t bytes = static_cast<std::uint32_t>(shaped("(1,)", "1234").size());
  claim.bytes = claim.with<std::uint32_t>(claim.locals[0] + 22, bytes + 1);
  claim.bytes = claim.with<std::uint32_t>(claim.records[0] + 24, bytes + 1);
  EXPECT_NE(refused(claim.bytes).find("the deflated data end after"), std::string::npos);
}

TEST(NpzHostile, DamageBehindTheHeaderIsFoundWhenItIsRead) {
  std::string values;
  for (int i = 0; i < 40000; ++i) values += static_cast<char>(i * i >> 3);
  const ZipBytes zip({testing::compressed("a.npy", shaped("(10000,)", values))});
  const testing::TemporaryFolder folder;
  const std::string path = folder.put("h.npz", zip.with<std::uint32_t>(zip.records[0] + 16, 7));
  EXPECT_NE(testing::error_text<FormatError>([&] { Checkpoint::open(path); }).find("another size or crc"),
            std::string::npos);
  ZipBytes both = zip;
  both.bytes = both.with<std::uint32_t>(both.records[0] + 16, 7);
  both.bytes = both.with<std::uint32_t>(both.locals[0] + 14, 7);
  const std::string same = folder.put("i.npz", both.bytes);
  EXPECT_NE(testing::error_text<FormatError>([&] { Checkpoint::open(same).tensor("a"); }).find("another crc"),
            std::string::npos);
}

}  // namespace
}  // namespace candor
