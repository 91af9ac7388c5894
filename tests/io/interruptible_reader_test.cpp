// The same bytes as TensorReader's, and an end on the way to them.
#include "io/interruptible_reader.h"

#include <algorithm>
#include <stdexcept>

#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using io::InterruptibleReader;

struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

std::string golden(const std::string& name) { return std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/" + name; }

template <class Reader>
std::string read_all(Reader& reader, std::uint64_t piece_bytes) {
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

TEST(InterruptibleReader, GivesWhatTensorReaderGives) {
  OpenOptions options;
  options.v2_as_bf16 = true;
  for (const char* name : {"state_dict.pt", "stored.npz", "compressed.npz", "fortran.npy", "reference.gguf"}) {
    const Checkpoint file = Checkpoint::open(golden(name), options);
    for (const TensorEntry& entry : file.tensors()) {
      SCOPED_TRACE(std::string(name) + " " + entry.name);
      for (const std::uint64_t bytes : {1, 24, 65536}) {
        TensorReader reader(file, entry);
        InterruptibleReader other(file, entry, [] {});
        EXPECT_EQ(read_all(other, bytes), read_all(reader, bytes));
      }
    }
  }
}

TEST(InterruptibleReader, GivesManyPartsAsOnePiece) {
  const testing::TemporaryFolder folder;
  for (const bool compressed : {true, false}) {
    const Checkpoint file = fortran(folder, 2500, compressed);  // 10 MB
    const TensorEntry& entry = file.tensors()[0];
    int ticks = 0;
    InterruptibleReader reader(file, entry, [&] { ++ticks; });
    EXPECT_EQ(ticks, compressed ? 2 : 0) << "inflated 8 MiB at a time";
    TensorReader expected(file, entry);
    EXPECT_EQ(read_all(reader, 8 << 20), read_all(expected, 8 << 20));
    EXPECT_EQ(ticks, compressed ? 12 : 10) << "gathered 1 MiB at a time";
  }
}

TEST(InterruptibleReader, EndsAfterTheFirstPartThatIsInflated) {
  const testing::TemporaryFolder folder;
  const Checkpoint file = fortran(folder, 5000, true);  // three parts
  int ticks = 0;
  const auto tick = [&] {
    ++ticks;
    throw Interrupted();
  };
  EXPECT_THROW(InterruptibleReader(file, file.tensors()[0], tick), Interrupted);
  EXPECT_EQ(ticks, 1);
}

TEST(InterruptibleReader, EndsAfterTheFirstPartThatIsGathered) {
  const testing::TemporaryFolder folder;
  const Checkpoint file = fortran(folder, 2500, false);
  int ticks = 0;
  InterruptibleReader reader(file, file.tensors()[0], [&] {
    ++ticks;
    throw Interrupted();
  });
  EXPECT_THROW(reader.next(8 << 20), Interrupted);
  EXPECT_EQ(ticks, 1);
}

}  // namespace
}  // namespace candor
