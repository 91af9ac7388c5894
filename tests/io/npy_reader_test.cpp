// NumPy's own files (tests/io/golden) and headers that it may write.
#include <numeric>

#include "candor/error.h"
#include "candor/io.h"
#include "core/formats.h"
#include "io/npy_header.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::npy_bytes;
using testing::npy_dict;
using testing::TemporaryFolder;

std::string golden(const std::string& name) { return std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/" + name; }

std::vector<float> counting(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

TEST(Npy, OneArrayIsNamedAfterItsFile) {
  const Checkpoint file = Checkpoint::open(golden("f32.npy"));
  EXPECT_EQ(file.format(), CheckpointFormat::npy);
  ASSERT_EQ(file.tensors().size(), 1u);
  const TensorEntry& entry = file.tensors()[0];
  EXPECT_EQ(entry.name, "f32");
  EXPECT_EQ(entry.offset, 128u);
  EXPECT_EQ(entry.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(file.type_name(entry), "f4");
  EXPECT_EQ(file.tensor("f32").to_f32(), counting(6));
}

TEST(Npy, FortranOrderIsStrides) {
  const Checkpoint file = Checkpoint::open(golden("fortran.npy"));
  EXPECT_EQ(file.tensors()[0].strides, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(file.tensor("fortran").to_f32(), counting(6));
}

TEST(Npy, Bf16NeedsToBeSaid) {
  const Checkpoint plain = Checkpoint::open(golden("bf16.npy"));
  EXPECT_EQ(plain.tensors()[0].dtype, DType::any);
  EXPECT_EQ(plain.type_name(plain.tensors()[0]), "V2");
  OpenOptions options;
  options.v2_as_bf16 = true;
  const Checkpoint asked = Checkpoint::open(golden("bf16.npy"), options);
  EXPECT_EQ(asked.tensor("bf16").to_f32(), counting(6));
  const Checkpoint said = Checkpoint::open(golden("bf16_sidecar.npy"));
  EXPECT_EQ(said.tensors()[0].dtype, DType::bf16);
  EXPECT_EQ(said.tensor("bf16_sidecar").to_f32(), counting(6));
  const std::vector<std::string> files = model_files(said, golden("bf16_sidecar.npy"));
  EXPECT_EQ(files.size(), 2u) << "the array and what names its dtype";
}

TEST(Npy, ASidecarThatDoesNotFitIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.put("x.npy", npy_bytes(npy_dict("<f4", "(1,)"), "1234"));
  folder.put("x.npy.json", R"({"dtype": "bf16"})");
  EXPECT_NE(error_text<FormatError>([&] { Checkpoint::open(path); }).find("said to be bf16 but the array has f4"),
            std::string::npos);
  folder.put("x.npy.json", R"({"dtype": "f12"})");
  EXPECT_NE(error_text<FormatError>([&] { Checkpoint::open(path); }).find("names no number format"), std::string::npos);
  folder.put("x.npy.json", R"({"dtype": "f32"})");
  EXPECT_EQ(Checkpoint::open(path).tensors()[0].dtype, DType::f32) << "what the header says too";
  folder.put("x.npy", npy_bytes(npy_dict("<u2", "(2,)"), std::string("\x80\x3f\0\x40", 4)));
  folder.put("x.npy.json", R"({"dtype": "bf16"})");
  EXPECT_EQ(Checkpoint::open(path).tensor("x").to_f32(), (std::vector<float>{1, 2})) << "bits saved as u2";
}

TEST(NpzReader, AnArrayThatIsInflatedWholeIsNotMuchLargerThanItsFile) {
  const TemporaryFolder folder;
  const auto archive = [&](const char* shape, std::uint64_t bytes, bool fortran) {
    const std::string array = npy_bytes(npy_dict("<f4", shape, fortran), std::string(bytes, '\0'));
    return Checkpoint::open(folder.put("x.npz", testing::ZipBytes({testing::compressed("w.npy", array)}).bytes));
  };
  const auto first = [](const Checkpoint& file) { return TensorReader(file, file.tensors()[0]).next(65536).size(); };
  EXPECT_EQ(first(archive("(4096, 4096)", 64 << 20, true)), 65536u);
  EXPECT_EQ(first(archive("(4097, 4096)", (64 << 20) + 16384, false)), 65536u);
  const Checkpoint large = archive("(4097, 4096)", (64 << 20) + 16384, true);
  EXPECT_NE(error_text<FormatError>([&] { first(large); }).find("save it in C order, or uncompressed"),
            std::string::npos);
}

class Npz : public ::testing::TestWithParam<const char*> {};

TEST_P(Npz, HoldsItsArrays) {
  OpenOptions options;
  options.v2_as_bf16 = true;
  const Checkpoint file = Checkpoint::open(golden(GetParam()), options);
  EXPECT_EQ(file.format(), CheckpointFormat::npy);
  const bool compressed = std::string_view(GetParam()) == "compressed.npz";
  EXPECT_EQ(file.tensors().size(), compressed ? 11u : 10u);
  for (const TensorEntry& entry : file.tensors()) EXPECT_EQ(entry.compressed, compressed) << entry.name;
  EXPECT_EQ(file.tensor("a.f32").to_f32(), counting(6));
  EXPECT_EQ(file.tensor("b.f16").to_f32(), counting(4));
  EXPECT_EQ(file.tensor("c.bf16").to_f32(), counting(5));
  const Tensor fortran = file.tensor("d.fortran");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(fortran.data_as<double>()[i], i);
  const Tensor scalar = file.tensor("e.scalar");
  EXPECT_EQ(scalar.data_as<double>()[0], 42.0);
  EXPECT_EQ(file.find("e.scalar")->shape.size(), 0u);
  EXPECT_EQ(file.tensor("f.empty").elements(), 0);
  EXPECT_EQ(file.find("i.text")->dtype, DType::any);
  EXPECT_EQ(file.type_name(*file.find("i.text")), "U2");
  EXPECT_EQ(file.type_name(*file.find("j.object")), "O");
}

INSTANTIATE_TEST_SUITE_P(Forms, Npz, ::testing::Values("stored.npz", "compressed.npz"),
                         [](const auto& test) { return test.index == 0 ? "Stored" : "Compressed"; });

io::NpyHeader parse(const std::string& bytes) {
  return io::parse_npy(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), bytes.size(), 0, "x.npy");
}

TEST(NpyHeader, VersionsOneToThree) {
  for (const char version : {'\1', '\2', '\3'}) {
    const io::NpyHeader header = parse(npy_bytes(npy_dict("<i2", "(2, 1)"), "1234", version));
    EXPECT_EQ(header.dtype, DType::i16);
    EXPECT_EQ(header.nbytes, 4u);
  }
}

TEST(NpyHeader, FortranOrderOfALineIsRowMajor) {
  EXPECT_TRUE(parse(npy_bytes(npy_dict("|u1", "(1, 4, 1)", true), "1234")).strides.empty());
  EXPECT_TRUE(parse(npy_bytes(npy_dict("|u1", "(0, 4)", true))).strides.empty());
  EXPECT_EQ(parse(npy_bytes(npy_dict("|u1", "(2, 2)", true), "1234")).strides, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(parse(npy_bytes(npy_dict("|u1", "(2, 1, 2)", true), "1234")).strides, (std::vector<std::int64_t>{1, 0, 2}));
}

TEST(NpyHeader, SpacesQuotesAndOrderAreFree) {
  const std::string dict = "{ \"shape\" : ( 2 , ) ,'fortran_order':False,'descr':'<f2'}";
  EXPECT_EQ(parse(npy_bytes(dict, "1234")).dtype, DType::f16);
}

TEST(NpyHeader, OtherTypesAreBoundedByTheirSize) {
  EXPECT_EQ(parse(npy_bytes(npy_dict("<c16", "(1,)"), std::string(16, '0'))).dtype, DType::any);
  EXPECT_EQ(parse(npy_bytes(npy_dict("<M8[ns]", "(1,)"), std::string(8, '0'))).item_bytes, 8u);
  EXPECT_EQ(parse(npy_bytes(npy_dict("|S3", "(2,)"), "abcdef")).spelling, "S3");
  EXPECT_EQ(parse(npy_bytes(npy_dict("|O", "(2,)"), "a pickle")).nbytes, 8u);
}

}  // namespace
}  // namespace candor
