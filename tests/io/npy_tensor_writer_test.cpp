// One tensor as .npy, and the file beside it that names a dtype which NumPy has not: two files that belong together.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/io/written_tensors.h"

namespace candor {
namespace {

using testing::error_text;
using testing::expect_read_back;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_bytes;
using testing::TemporaryFolder;
using ::testing::UnorderedElementsAre;
using testing::write_checkpoint;
using testing::written_tensor;
using testing::WrittenTensor;

class NpyTensor : public ::testing::Test {
 protected:
  void write(DType dtype, bool overwrite = false) {
    write_checkpoint(path_, {written_tensor("x", dtype, {3, 5})}, overwrite);
  }
  DType dtype() const { return Checkpoint::open(path_).tensors()[0].dtype; }

  TemporaryFolder folder_;
  std::string path_ = folder_.path("x.npy");
};

TEST_F(NpyTensor, EveryDtypeComesBack) {
  for (WrittenTensor& tensor : testing::every_dtype()) {
    tensor.item.name = "x";  // that of the file
    write_checkpoint(path_, {tensor}, true);
    expect_read_back(Checkpoint::open(path_), {tensor});
  }
}

TEST_F(NpyTensor, HeaderIsNumPys) {
  const auto header = [this](DType dtype, const std::vector<std::int64_t>& shape) {
    write_checkpoint(path_, {written_tensor("x", dtype, shape)}, true);
    const std::string bytes = read_bytes(path_);
    EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    EXPECT_EQ(bytes.substr(8, 2), testing::little_endian<std::uint16_t>(118));
    EXPECT_EQ(bytes[127], '\n');
    return bytes.substr(10, bytes.find('}') - 9);
  };
  EXPECT_EQ(header(DType::bf16, {2, 3}), "{'descr': '<V2', 'fortran_order': False, 'shape': (2, 3), }");
  EXPECT_EQ(header(DType::f8_e4m3, {7}), "{'descr': '|V1', 'fortran_order': False, 'shape': (7,), }");
  EXPECT_EQ(header(DType::f32, {}), "{'descr': '<f4', 'fortran_order': False, 'shape': (), }");
  EXPECT_EQ(header(DType::u8, {1, 0, 2}), "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 0, 2), }");
  EXPECT_EQ(header(DType::bool_, {1}), "{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }");
}

TEST_F(NpyTensor, TheGoldenPairIsWhatIsWritten) {
  write(DType::bf16);
  for (const std::string name : {"", ".json"})
    EXPECT_EQ(read_bytes(path_ + name),
              read_bytes(std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/written.npy" + name))
        << "and tests/peer/check_written_files.py must read the new one";
}

TEST_F(NpyTensor, ASidecarStandsOnlyWhereNumPyHasNoName) {
  write(DType::f16);
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("x.npy"));
  write(DType::bf16, true);
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("x.npy", "x.npy.json"));
  EXPECT_EQ(read_bytes(path_ + ".json"), "{\"dtype\": \"bf16\"}\n");
  EXPECT_EQ(dtype(), DType::bf16);
  write(DType::f8_e5m2, true);
  EXPECT_EQ(dtype(), DType::f8_e5m2);
  write(DType::u8, true);
  EXPECT_EQ(dtype(), DType::u8);
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("x.npy"));
}

TEST_F(NpyTensor, NeitherFileIsReplacedWithoutPermission) {
  folder_.put("x.npy", "old");
  EXPECT_THAT(error_text<IoError>([&] { write(DType::bf16); }), HasSubstr("exists"));
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("x.npy"));
  std::filesystem::remove(path_);
  folder_.put("x.npy.json", R"({"dtype": "f16"})");
  for (const DType dtype : {DType::bf16, DType::u16, DType::f32})  // u16 would be read as f16
    EXPECT_THAT(error_text<IoError>([&] { write(dtype); }), HasSubstr("x.npy.json"));
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("x.npy.json"));
  write(DType::u16, true);
  EXPECT_EQ(dtype(), DType::u16);
}

TEST_F(NpyTensor, AnotherProgramsJsonIsNotReplaced) {
  folder_.put("x.npy.json", R"({"settings": 1})");
  for (const DType dtype : {DType::bf16, DType::f32}) error_text<FormatError>([&] { write(dtype, true); });
  EXPECT_EQ(read_bytes(path_ + ".json"), R"({"settings": 1})");
  const std::string with_a_note = R"({"dtype": "bf16", "note": "mine"})";
  folder_.put("x.npy.json", with_a_note);
  for (const DType dtype : {DType::bf16, DType::f32})
    EXPECT_THAT(error_text<FormatError>([&] { write(dtype, true); }),
                HasSubstr("x.npy.json: holds something else than an array's dtype; move that file away"));
  EXPECT_EQ(read_bytes(path_ + ".json"), with_a_note);
}

// The array that appears meanwhile must not be left with our sidecar.
TEST_F(NpyTensor, AnArrayThatAppearsMeanwhileIsKeptAsItIs) {
  const std::vector<TensorItem> items = {{"x", DType::bf16, {1}}};
  const auto writer = create_checkpoint(path_, items, {}, false);
  writer->write("12", 2);
  folder_.put("x.npy", "theirs");
  error_text<IoError>([&] { writer->finish(); });
  EXPECT_EQ(read_bytes(path_), "theirs");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".json"));
}

TEST_F(NpyTensor, ACancelLeavesTheOldPair) {
  write(DType::bf16);
  const std::string before = read_bytes(path_);
  const std::atomic<bool> cancel{true};
  {
    const std::vector<TensorItem> items = {{"x", DType::f8_e4m3, {1}}};
    const auto writer = create_checkpoint(path_, items, {}, true);
    writer->write("1", 1);
    error_text<Cancelled>([&] { writer->finish(&cancel); });
  }
  EXPECT_THAT(folder_.names(), UnorderedElementsAre("x.npy", "x.npy.json"));
  EXPECT_EQ(read_bytes(path_), before);
  EXPECT_EQ(dtype(), DType::bf16);
}

TEST_F(NpyTensor, HoldsOneTensorOfWholeBytes) {
  const auto refusal = [this](const std::vector<TensorItem>& items) {
    return error_text<FormatError>([&] { create_checkpoint(path_, items, {}, false); });
  };
  EXPECT_THAT(refusal({}), HasSubstr("0 tensors"));
  EXPECT_THAT(refusal({{"a", DType::f32, {}}, {"b", DType::f32, {}}}), HasSubstr(".npz"));
  EXPECT_THAT(refusal({{"a", DType::q4_0, {32}}}), HasSubstr("q4_0"));
  EXPECT_THAT(refusal({{"a", DType::f6_e2m3, {4}}}), HasSubstr("f6_e2m3"));
  EXPECT_THAT(folder_.names(), IsEmpty());
}

}  // namespace
}  // namespace candor
