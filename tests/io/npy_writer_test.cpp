#include "candor/error.h"
#include "candor/io.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::TemporaryFolder;

TEST(NpyWriter, WritesVersionOne) {
  const TemporaryFolder folder;
  NpyWriter writer(folder.path("x.npy"), 2, 3);
  const float values[] = {0, 1, 2, 3, 4, 5};
  writer.write(values, 4);
  writer.write(values + 4, 2);
  writer.finish();
  const std::string bytes = testing::read_bytes(folder.path("x.npy"));
  ASSERT_EQ(bytes.size(), 128u + 24u);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(bytes.substr(8, 2), testing::little_endian<std::uint16_t>(118));
  EXPECT_EQ(bytes.substr(10, 60), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } ");
  EXPECT_EQ(bytes[127], '\n');
  EXPECT_EQ(bytes.substr(128), std::string(reinterpret_cast<const char*>(values), sizeof values));
}

TEST(NpyWriter, CountsValuesAndLeavesNothingBehind) {
  const TemporaryFolder folder;
  const float values[3] = {};
  {
    NpyWriter writer(folder.path("x.npy"), 1, 2);
    EXPECT_NE(error_text<Error>([&] { writer.write(values, 3); }).find("0 of 2"), std::string::npos);
    writer.write(values, 1);
    EXPECT_NE(error_text<Error>([&] { writer.finish(); }).find("1 of 2"), std::string::npos);
  }
  EXPECT_TRUE(folder.names().empty());
  error_text<ShapeError>([&] { NpyWriter(folder.path("x.npy"), -1, 2); });
  error_text<ShapeError>([&] { NpyWriter(folder.path("x.npy"), std::int64_t{1} << 40, std::int64_t{1} << 40); });
}

TEST(NpyWriter, OverwritesOnlyWhenAllowed) {
  const TemporaryFolder folder;
  folder.put("x.npy", "old");
  EXPECT_NE(error_text<IoError>([&] { NpyWriter(folder.path("x.npy"), 1, 1, false); }).find("exists"),
            std::string::npos);
  EXPECT_EQ(testing::read_bytes(folder.path("x.npy")), "old");
}

}  // namespace
}  // namespace candor
