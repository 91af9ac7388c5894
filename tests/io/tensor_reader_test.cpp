// Bytes in row-major order whatever the file does to them, in pieces of whole elements.
#include <random>

#include "candor/error.h"
#include "candor/io.h"
#include "io/strided_gather.h"
#include "io/strides.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using namespace testing::pickled;

std::string golden(const std::string& name) { return std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/" + name; }

std::string read_all(const Checkpoint& file, const TensorEntry& entry, std::uint64_t piece_bytes) {
  TensorReader reader(file, entry);
  std::string all;
  for (auto piece = reader.next(piece_bytes); !piece.empty(); piece = reader.next(piece_bytes)) {
    constexpr std::uint64_t kWidestElement = 256;  // of the golden files
    EXPECT_LE(piece.size(), std::max(piece_bytes, kWidestElement));
    all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
  EXPECT_TRUE(reader.next(piece_bytes).empty()) << "the end stays the end";
  return all;
}

TEST(TensorReader, GivesWhatTensorGives) {
  OpenOptions options;
  options.v2_as_bf16 = true;
  for (const char* name : {"state_dict.pt", "state_dict_legacy.pt", "stored.npz", "compressed.npz", "fortran.npy",
                           "reference.safetensors", "reference.gguf"}) {
    const Checkpoint file = Checkpoint::open(golden(name), options);
    for (const TensorEntry& entry : file.tensors()) {
      SCOPED_TRACE(std::string(name) + " " + entry.name);
      const std::string all = read_all(file, entry, 1 << 20);
      EXPECT_EQ(all.size(), entry.nbytes);
      for (const std::uint64_t piece : {1, 24, 1000}) EXPECT_EQ(read_all(file, entry, piece), all);
      if (entry.dtype == DType::any || entry.nbytes == 0) continue;
      const Tensor tensor = file.tensor(entry.name);
      ASSERT_EQ(tensor.nbytes(), all.size());
      EXPECT_EQ(std::string(static_cast<const char*>(tensor.data()), all.size()), all);
    }
  }
}

TEST(TensorReader, PiecesAreWholeElements) {
  const Checkpoint file = Checkpoint::open(golden("compressed.npz"));
  TensorReader reader(file, *file.find("k.long"));
  EXPECT_EQ(reader.next(4099).size(), 4096u);
  const Checkpoint blocks = Checkpoint::open(golden("reference.gguf"));
  TensorReader of_blocks(blocks, *blocks.find("t.q8_0"));
  EXPECT_EQ(of_blocks.next(100).size(), 68u) << "two blocks of 34 bytes";
}

TEST(TensorReader, TypesOfNoBytesHaveNone) {
  const testing::TemporaryFolder folder;
  const std::string array = testing::npy_bytes(testing::npy_dict("|V0", "(3,)"));
  const std::string turned = testing::npy_bytes(testing::npy_dict("|V0", "(3, 2)", true));
  for (const auto& item : {testing::compressed("a.npy", array), testing::stored("a.npy", array),
                           testing::compressed("a.npy", turned), testing::stored("a.npy", turned)}) {
    const Checkpoint file = Checkpoint::open(folder.put("a.npz", testing::ZipBytes({item}).bytes));
    ASSERT_EQ(file.tensors().size(), 1u);
    EXPECT_EQ(file.tensors()[0].nbytes, 0u);
    EXPECT_EQ(read_all(file, file.tensors()[0], 4096), "");
  }
}

TEST(TensorReader, BytesAreRefusedWhereTheyDoNotLieSideBySide) {
  const Checkpoint strided = Checkpoint::open(golden("state_dict.pt"));
  EXPECT_NE(testing::error_text<Error>([&] { strided.bytes(*strided.find("c.transposed")); }).find("are strided"),
            std::string::npos);
  EXPECT_NE(strided.bytes(*strided.find("c.f32")), nullptr);
  const Checkpoint packed = Checkpoint::open(golden("compressed.npz"));
  EXPECT_NE(testing::error_text<Error>([&] { packed.bytes(*packed.find("a.f32")); }).find("are compressed"),
            std::string::npos);
}

TEST(TensorReader, ReleaseKeepsTheContents) {
  for (const char* name : {"state_dict.pt", "compressed.npz"}) {
    const Checkpoint file = Checkpoint::open(golden(name));
    for (const TensorEntry& entry : file.tensors()) {
      const std::string before = read_all(file, entry, 1 << 20);
      file.release(entry);
      EXPECT_EQ(read_all(file, entry, 1 << 20), before) << entry.name;
    }
  }
}

TEST(TensorReader, OutlivesTheCheckpoint) {
  auto file = std::make_unique<Checkpoint>(Checkpoint::open(golden("compressed.npz")));
  TensorReader reader(*file, *file->find("k.long"));
  file.reset();
  EXPECT_EQ(reader.next(1 << 20).size(), 16000u);
}

/// The element at flat index `flat` of the row-major order, by division: another way than the reader's.
std::uint64_t place_of(std::uint64_t flat, const std::vector<std::int64_t>& shape,
                       const std::vector<std::int64_t>& strides) {
  std::uint64_t place = 0;
  for (std::size_t d = shape.size(); d-- > 0;) {
    place += flat % static_cast<std::uint64_t>(shape[d]) * static_cast<std::uint64_t>(strides[d]);
    flat /= static_cast<std::uint64_t>(shape[d]);
  }
  return place;
}

TEST(StridedGather, AnyStridesAnyPieces) {
  std::mt19937 random(7);
  const auto upto = [&](int most) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(most + 1)); };
  std::vector<std::byte> source(1 << 16);
  for (std::byte& byte : source) byte = static_cast<std::byte>(random());
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t item = std::uint64_t{1} << upto(4);  // 1 … 16 bytes
    std::vector<std::int64_t> shape, strides;
    for (std::int64_t d = upto(3); d >= 0; --d) {
      shape.push_back(1 + upto(5));
      strides.push_back(upto(40));
    }
    const std::uint64_t count = *io::checked_elements(shape);
    ASSERT_LE(*io::strided_extent(shape, strides) * item, source.size());
    std::vector<std::byte> out(count * item), expected(count * item);
    for (std::uint64_t i = 0; i < count; ++i)
      std::memcpy(&expected[i * item], &source[place_of(i, shape, strides) * item], item);
    io::StridedGather gather(source.data(), shape, strides, item);
    for (std::uint64_t done = 0; done < count;) {
      const std::uint64_t piece = std::min<std::uint64_t>(1 + random() % 9, count - done);
      gather.take(&out[done * item], piece);
      done += piece;
    }
    ASSERT_EQ(out, expected) << round;
  }
}

TEST(Strides, ThoseOfExtentsUpToOneBecomeZero) {
  std::vector<std::int64_t> strides = {5, INT64_MAX, 1, INT64_MAX};
  io::drop_idle_strides({2, 1, 2, 0}, strides);
  EXPECT_EQ(strides, (std::vector<std::int64_t>{5, 0, 1, 0}));
}

TEST(Strides, ExtentIsChecked) {
  EXPECT_EQ(io::strided_extent({2, 3}, {3, 1}), 6u);
  EXPECT_EQ(io::strided_extent({}, {}), 1u);
  EXPECT_EQ(io::strided_extent({0, 9}, {1, 1}), 0u);
  EXPECT_EQ(io::strided_extent({2}, {-1}), std::nullopt);
  EXPECT_EQ(io::strided_extent({INT64_MAX, INT64_MAX}, {INT64_MAX, 1}), std::nullopt);
  EXPECT_TRUE(io::is_row_major({2, 1, 3}, {3, 77, 1}));
  EXPECT_FALSE(io::is_row_major({2, 3}, {1, 2}));
  EXPECT_TRUE(io::is_row_major({0, 3}, {1, 2}));
}

}  // namespace
}  // namespace candor
