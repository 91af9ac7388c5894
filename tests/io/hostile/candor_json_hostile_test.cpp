// candor.json in archives: what names no dtype, no array or no text is refused; deflated it is read like stored.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "candor/io.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using testing::compressed;
using testing::error_text;
using ::testing::HasSubstr;
using testing::npy_bytes;
using testing::npy_dict;
using testing::stored;
using testing::ZipBytes;
using testing::ZipItem;

class CandorJson : public ::testing::Test {
 protected:
  Checkpoint open(const ZipItem& json) {
    const ZipItem array = stored("w.npy", npy_bytes(npy_dict("<V2", "(2,)"), std::string("\x80\x3f\0\x40", 4)));
    const ZipItem floats = stored("f.npy", npy_bytes(npy_dict("<f4", "(1,)"), "1234"));
    return Checkpoint::open(folder_.put("x.npz", ZipBytes({array, json, floats}).bytes));
  }
  std::string refusal(const std::string& text) {
    return error_text<FormatError>([&] { open(stored("candor.json", text)); });
  }
  testing::TemporaryFolder folder_;
};

TEST_F(CandorJson, NamesTheDtypeOfAnArray) {
  const std::string text = R"({"dtypes": {"w": "bf16"}, "metadata": {"k": "v"}, "later": [1]})";
  for (const ZipItem& json : {stored("candor.json", text), compressed("candor.json", text)}) {
    const Checkpoint file = open(json);
    ASSERT_EQ(file.tensors().size(), 2u);
    EXPECT_EQ(file.tensor("w").to_f32(), (std::vector<float>{1, 2}));
    EXPECT_EQ(file.safetensors_metadata().at("k"), "v");
  }
}

TEST_F(CandorJson, SaysNothingThatIsNotSo) {
  EXPECT_THAT(refusal(R"({"dtypes": {"w": "f8_e4m3"}})"), HasSubstr("said to be f8_e4m3 but the array has V2"));
  EXPECT_THAT(refusal(R"({"dtypes": {"f": "bf16"}})"), HasSubstr("said to be bf16 but the array has f4"));
  EXPECT_THAT(refusal(R"({"dtypes": {"absent": "bf16"}})"), HasSubstr("'absent', which the archive has not"));
  for (const char* dtype : {"q4_0", "tf32", "any", "i16", "BF16", ""})
    EXPECT_THAT(refusal(R"({"dtypes": {"w": ")" + std::string(dtype) + "\"}}"), HasSubstr("is no number format"));
}

TEST_F(CandorJson, IsStrictJson) {
  for (const char* text : {"", "[]", "7", "{", R"({"dtypes": {}, "dtypes": {}})", R"({"dtypes": []})",
                           R"({"dtypes": {"w": 16}})", R"({"metadata": "m"})", R"({"metadata": {"k": null}})"})
    EXPECT_THAT(refusal(text), HasSubstr("x.npz")) << text;
}

TEST_F(CandorJson, IsReadFromPytorchArchivesToo) {
  const std::string pickle = testing::pickled::whole("}");
  const auto open_pt = [&](const std::string& json) {
    const ZipBytes zip({stored("x/data.pkl", pickle), stored("x/candor.json", json)});
    return Checkpoint::open(folder_.put("x.pt", zip.bytes));
  };
  EXPECT_EQ(open_pt(R"({"metadata": {"k": "v"}})").safetensors_metadata().at("k"), "v");
  EXPECT_THAT(error_text<FormatError>([&] { open_pt("{"); }), HasSubstr("x.pt"));
}

}  // namespace
}  // namespace candor
