// A tick that is called, and may end it, while TensorReader inflates and gathers.

#include <algorithm>
#include <stdexcept>

#include "candor/io.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

std::string read_all(TensorReader& reader, std::uint64_t piece_bytes) {
  std::string all;
  for (auto piece = reader.next(piece_bytes); !piece.empty(); piece = reader.next(piece_bytes))
    all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  return all;
}

/// f4 [rows, 1024] in Fortran order.
Checkpoint fortran(const testing::TemporaryFolder& folder, std::uint64_t rows, bool compressed) {
  std::string data(rows * 4096, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i / 4096);
  const std::string array =
      testing::npy_bytes(testing::npy_dict("<f4", "(" + std::to_string(rows) + ", 1024)", true), data);
  const auto item = compressed ? testing::compressed("w.npy", array) : testing::stored("w.npy", array);
  return Checkpoint::open(folder.put("w.npz", testing::ZipBytes({item}).bytes));
}

TEST(TensorReaderTick, GivesManyPartsAsOnePiece) {
  const testing::TemporaryFolder folder;
  for (const bool compressed : {true, false}) {
    const Checkpoint file = fortran(folder, 2500, compressed);  // 10 MB
    const TensorEntry& entry = file.tensors()[0];
    int ticks = 0;
    TensorReader reader(file, entry, [&] { ++ticks; });
    TensorReader expected(file, entry);
    EXPECT_EQ(read_all(reader, 8 << 20), read_all(expected, 8 << 20));
    EXPECT_EQ(ticks, compressed ? 12 : 10) << "inflated 8 MiB at a time, gathered 1 MiB";
  }
}

TEST(TensorReaderTick, EndsAfterTheFirstPartThatIsInflated) {
  const testing::TemporaryFolder folder;
  const Checkpoint file = fortran(folder, 5000, true);  // three parts
  int ticks = 0;
  const auto tick = [&] {
    ++ticks;
    throw Interrupted();
  };
  TensorReader reader(file, file.tensors()[0], tick);
  EXPECT_THROW(reader.next(8 << 20), Interrupted);
  EXPECT_EQ(ticks, 1);
}

TEST(TensorReaderTick, EndsAfterTheFirstPartThatIsGathered) {
  const testing::TemporaryFolder folder;
  const Checkpoint file = fortran(folder, 2500, false);
  int ticks = 0;
  TensorReader reader(file, file.tensors()[0], [&] {
    ++ticks;
    throw Interrupted();
  });
  EXPECT_THROW(reader.next(8 << 20), Interrupted);
  EXPECT_EQ(ticks, 1);
}

}  // namespace
}  // namespace candor
