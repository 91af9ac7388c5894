// PyTorch files whose pickles and storages do not fit together; each is refused at the opcode that says so.
#include "candor/error.h"
#include "candor/io.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using namespace testing::pickled;
using testing::pytorch_zip;
using testing::stored;
using testing::ZipBytes;

constexpr std::uint64_t kPickle = 40;  // where the pickle of pytorch_zip() begins

struct Case {
  const char* name;
  std::string bytes;
  std::uint64_t position;
  const char* what;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const std::string kTwo = storage("FloatStorage", "0", 2);
const std::string kEight(8, '\0');

std::string saved(const std::string& value) { return pytorch_zip(whole(dict({{"w", value}})), {{"0", kEight}}).bytes; }

/// The REDUCE of one tensor under 'w', behind its whole call.
std::uint64_t call_of(const std::string& value) { return kPickle + 2 + 2 + 6 + value.size() - 1; }

Case tensor_case(const char* name, const std::string& value, const char* what) {
  return {name, saved(value), call_of(value), what};
}

Case geometry(const char* name, std::int64_t offset, std::vector<std::int64_t> size, std::vector<std::int64_t> stride,
              const char* what) {
  return tensor_case(name, tensor(kTwo, offset, size, stride), what);
}

std::string rebuild(const std::string& function, const std::string& arguments) {
  return symbol("torch._utils", function) + tuple(arguments) + "R";
}

std::vector<Case> geometry_cases() {
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  return {
      geometry("one_too_many", 0, {3}, {1}, "needs 3 elements, its storage has 2"),
      geometry("offset_beyond", 2, {1}, {1}, "needs 3 elements, its storage has 2"),
      geometry("offset_huge", INT64_MAX, {1}, {1}, "needs 9223372036854775808 elements"),
      geometry("offset_negative", -1, {1}, {1}, "offset in its storage is no integer from 0"),
      geometry("stride_beyond", 0, {2}, {2}, "needs 3 elements"),
      geometry("stride_negative", 1, {2}, {-1}, "stride holds -1"),
      geometry("stride_wraps", 0, {3, 3}, {kHuge, kHuge}, "needs more than 2^64 elements"),
      geometry("size_negative", 0, {-1}, {1}, "size holds -1"),
      geometry("product_wraps_to_zero", 0, {kHuge, 4}, {0, 0}, "more than 2^63-1 elements"),
      geometry("absurd_beside_zero", 0, {0, kHuge, kHuge}, {1, 1, 1}, "more than 2^63-1 elements"),
      geometry("expanded", 0, {1 << 11, 1 << 10}, {0, 0}, "2097152 elements made out of 2"),
      geometry("ranks_differ", 0, {2}, {1, 1}, "1 dimensions but 2 strides"),
      geometry("rank", 0, std::vector<std::int64_t>(65, 1), std::vector<std::int64_t>(65, 1), "65 dimensions"),
  };
}

std::vector<Case> argument_cases() {
  return {
      tensor_case("few_arguments", rebuild("_rebuild_tensor_v2", kTwo + integer(0)), "2 arguments, at least 4"),
      tensor_case("no_storage", rebuild("_rebuild_tensor_v2", "N" + integer(0) + "))"), "no persistent id"),
      tensor_case("size_no_tuple", rebuild("_rebuild_tensor_v2", kTwo + integer(0) + "N)"), "size is no tuple"),
      tensor_case("size_no_numbers", rebuild("_rebuild_tensor_v2", kTwo + integer(0) + "(Nt)"), "not made of integers"),
      tensor_case("v3_dtype",
                  rebuild("_rebuild_tensor_v3",
                          storage("UntypedStorage", "0", 8) + integer(0) + ")))N" + symbol("torch", "float7")),
                  "the dtype 'torch.float7'"),
      tensor_case("v2_untyped", tensor(storage("UntypedStorage", "0", 8), 0, {1}, {1}), "does not say its dtype"),
      tensor_case("empty_parameter", rebuild("_rebuild_parameter", "N\x89N"), "a parameter holds no tensor"),
      tensor_case("parameter_of_a_call", rebuild("_rebuild_parameter", symbol("os", "getcwd") + ")R"),
                  "what 'os.getcwd' would make"),
  };
}

/// The BINPERSID of a storage under 'w'.
Case storage_case(const char* name, const std::string& text, const char* what) {
  const std::string before = symbol("torch._utils", "_rebuild_tensor_v2") + "(";
  return {name, saved(tensor(text, 0, {1}, {1})), kPickle + 2 + 2 + 6 + before.size() + text.size() - 1, what};
}

std::vector<Case> storage_cases() {
  const auto id = [](const std::string& fields) { return tuple(fields) + "Q"; };
  const std::string kind = text("storage"), type = symbol("torch", "FloatStorage");
  return {
      storage_case("not_a_tuple", "NQ", "no ('storage', type, key, location, size)"),
      storage_case("module", id(text("module") + "NNNN"), "no ('storage', type, key, location, size)"),
      storage_case("unknown_type", storage("StrangeStorage", "0", 2), "'torch.StrangeStorage', whose size is unknown"),
      storage_case("no_key", id(kind + type + "NN" + integer(2)), "no type, key and size"),
      storage_case("missing", storage("FloatStorage", "7", 2), "storage '7' has no entry"),
      storage_case("elsewhere", storage("FloatStorage", "../data.pkl", 2), "has no entry in the archive"),
      storage_case("shorter", storage("FloatStorage", "0", 1), "should have 4 bytes but its entry has 8"),
      storage_case("longer", storage("FloatStorage", "0", 3), "should have 12 bytes but its entry has 8"),
      storage_case("negative", storage("FloatStorage", "0", -2), "has -2 elements"),
      storage_case("long_key", storage("FloatStorage", std::string(1025, '0'), 2),
                   "key has 1025 bytes, more than 1024"),
      storage_case("wraps", storage("DoubleStorage", "0", INT64_MAX), "has 9223372036854775807 elements"),
  };
}

std::vector<Case> file_cases() {
  const std::string good = whole(dict({{"w", tensor(kTwo, 0, {2}, {1})}}));
  const std::string twice = tensor(kTwo, 0, {2}, {1});
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "]";
  deep += std::string(299, 'a');
  const ZipBytes big({stored("x/data.pkl", good), stored("x/byteorder", "big"), stored("x/data/0", kEight)});
  const ZipBytes packed_data({stored("x/data.pkl", good), testing::compressed("x/data/0", kEight)});
  const ZipBytes packed_pickle({testing::compressed("x/data.pkl", good), stored("x/data/0", kEight)});
  const ZipBytes two({stored("x/data.pkl", good), stored("x/data/0", kEight), stored("y/data.pkl", good)});
  const ZipBytes prefix({stored("x/data.pkl", good), stored("x/data/0", kEight), stored("xy/version", "3")});
  const ZipBytes beside({stored("version", "3"), stored("x/data.pkl", good), stored("x/data/0", kEight)});
  const ZipBytes cased({stored("x/data.pkl", good), stored("x/Data/0", kEight), stored("x/data/0", kEight)});
  const std::string same = dict({{"a", dict({{"b", twice}})}, {"a.b", twice}});
  return {
      {"big_endian", big.bytes, big.data[1], "the byte order is 'big', only 'little'"},
      {"deflated_storage", packed_data.bytes, packed_data.records[1], "'x/data/0' is deflated"},
      {"deflated_pickle", packed_pickle.bytes, packed_pickle.records[0], "'x/data.pkl' is deflated"},
      {"second_pickle", two.bytes, two.records[2], "'y/data.pkl', whose data begin at byte "},
      {"folder_with_a_longer_name", prefix.bytes, prefix.records[2], "'xy/version'"},
      {"beside_the_folder", beside.bytes, beside.records[0], "is not in the folder of 'x/data.pkl'"},
      {"names_that_differ_in_case", cased.bytes, cased.records[2], "'x/Data/0' and 'x/data/0' differ in case alone"},
      {"behind_the_pickle", pytorch_zip(good + "N.").bytes, kPickle + good.size(), "2 bytes follow the pickle"},
      {"deep", pytorch_zip(whole(deep)).bytes, kPickle + 2 + 256, "nested deeper than 256"},
      {"cycle",
       pytorch_zip(whole("]q\x01h\x01"
                         "a"))
           .bytes,
       kPickle + 2, "nested deeper than 256"},
      {"same_name", pytorch_zip(whole(same), {{"0", kEight}}).bytes, kPickle + 2 + same.size() - 2,
       "two tensors are called 'a.b'"},
      {"name_with_nul", pytorch_zip(whole(dict({{std::string("w\0", 2), twice}})), {{"0", kEight}}).bytes,
       kPickle + 2 + 2 + 7 + twice.size() - 1, "no UTF-8 text without NUL"},
  };
}

class PytorchHostile : public ::testing::TestWithParam<Case> {};

TEST_P(PytorchHostile, IsRefusedAtItsByte) {
  const Case& test = GetParam();
  const testing::TemporaryFolder folder;
  const std::string path = folder.put("h.pt", test.bytes);
  const std::string text = testing::error_text<FormatError>([&] { Checkpoint::open(path); });
  EXPECT_NE(text.find("pytorch: " + path + ": byte " + std::to_string(test.position) + ": "), std::string::npos)
      << text;
  EXPECT_NE(text.find(test.what), std::string::npos) << text;
}

const auto kCaseName = [](const auto& test) { return std::string(test.param.name); };
INSTANTIATE_TEST_SUITE_P(Geometry, PytorchHostile, ::testing::ValuesIn(geometry_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Argument, PytorchHostile, ::testing::ValuesIn(argument_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Storage, PytorchHostile, ::testing::ValuesIn(storage_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(File, PytorchHostile, ::testing::ValuesIn(file_cases()), kCaseName);

/// A list of one tensor again and again, two bytes each, under one key.
std::string aliases(const std::string& key, int count) {
  std::string list = "(" + tensor(kTwo, 0, {2}, {1}) + "q\x01";
  for (int i = 1; i < count; ++i) list += "h\x01";
  return pytorch_zip(whole(dict({{key, list + "l"}})), {{"0", kEight}}).bytes;
}

TEST(PytorchHostile, NamesOfOneTensorDoNotGrowBeyondTheFile) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(Checkpoint::open(folder.put("g.pt", aliases("w", 4000))).tensors().size(), 4000u);
  const std::string path = folder.put("h.pt", aliases(std::string(4000, 'k'), 4000));
  const std::string text = testing::error_text<FormatError>([&] { Checkpoint::open(path); });
  EXPECT_NE(text.find("the pickle makes more of its "), std::string::npos) << text;
}

TEST(PytorchHostile, SharedContainersDoNotMultiplyTheWalk) {
  // Forty pairs, each of the one before and itself again: 2^40 ways to the list inside.
  std::string pickle = "]";
  for (int i = 0; i < 40; ++i) pickle += "2\x86";
  const testing::TemporaryFolder folder;
  const std::string path = folder.put("h.pt", pytorch_zip(whole(pickle)).bytes);
  const std::string text = testing::error_text<FormatError>([&] { Checkpoint::open(path); });
  EXPECT_NE(text.find("too often to be walked"), std::string::npos) << text;
}

}  // namespace
}  // namespace candor
