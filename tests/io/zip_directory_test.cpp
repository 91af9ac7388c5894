// The ZIP reader on archives that are whole; tests/io/hostile has those that are not.
#include "io/zip_directory.h"

#include "candor/error.h"
#include "io/inflate_stream.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using testing::compressed;
using testing::stored;
using testing::ZipBytes;

io::ZipDirectory parse(const std::string& bytes) {
  return io::parse_zip(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "a.zip");
}

TEST(ZipDirectory, SaysWhereTheDataLie) {
  const std::string long_text(5000, 'x');
  const ZipBytes zip({stored("a", "one"), compressed("b/c", long_text), stored("empty", "")});
  const io::ZipDirectory directory = parse(zip.bytes);
  ASSERT_EQ(directory.entries.size(), 3u);
  const io::ZipEntry* a = directory.find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(zip.bytes.substr(a->offset, a->bytes), "one");
  EXPECT_FALSE(a->deflated);
  const io::ZipEntry* b = directory.find("b/c");
  ASSERT_NE(b, nullptr);
  EXPECT_TRUE(b->deflated);
  EXPECT_EQ(b->bytes, 5000u);
  EXPECT_EQ(b->record, zip.records[1]);
  EXPECT_EQ(directory.find("c"), nullptr);
}

TEST(ZipDirectory, CommentAndFoldersAreRead) {
  ZipBytes zip({stored("d/", ""), stored("d/a", "one")});
  std::string bytes = zip.with<std::uint16_t>(zip.end + 20, 5) + "hello";
  EXPECT_EQ(parse(bytes).entries.size(), 1u) << "a folder is no entry";
}

/// The form of archives above 4 GiB, which PyTorch writes for small ones too.
std::string with_zip64_end(const ZipBytes& zip, std::uint64_t entries, std::uint64_t directory_bytes) {
  std::string bytes = zip.bytes.substr(0, zip.end);
  bytes += "PK\x06\x06" + testing::little_endian<std::uint64_t>(44) + std::string("\x2d\0\x2d\0", 4) +
           std::string(8, '\0') + testing::little_endian(entries) + testing::little_endian(entries) +
           testing::little_endian(directory_bytes) + testing::little_endian(zip.directory);
  bytes +=
      "PK\x06\x07" + std::string(4, '\0') + testing::little_endian(zip.end) + testing::little_endian<std::uint32_t>(1);
  return bytes + zip.bytes.substr(zip.end);
}

TEST(ZipDirectory, Zip64EndIsReadAndMustAgree) {
  const ZipBytes zip({stored("a", "one")});
  EXPECT_EQ(parse(with_zip64_end(zip, 1, zip.end - zip.directory)).entries.size(), 1u);
  const std::string text =
      testing::error_text<FormatError>([&] { parse(with_zip64_end(zip, 2, zip.end - zip.directory)); });
  EXPECT_NE(text.find("byte " + std::to_string(zip.end) + ": the ZIP64 end record and the plain one disagree"),
            std::string::npos)
      << text;
}

TEST(ZipDirectory, ASafetensorsHeaderOfThatLengthIsNoZip) {
  std::string bytes("PK\x03\x04\0\0\0\0{", 9);
  bytes.resize(64, ' ');
  EXPECT_FALSE(io::is_zip(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()));
  bytes[8] = '\0';
  EXPECT_TRUE(io::is_zip(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()));
}

std::string inflate(const std::string& bytes, const io::DeflatedBytes& place, std::size_t piece) {
  io::InflateStream stream(reinterpret_cast<const std::byte*>(bytes.data()), place, "a.zip");
  std::string out(place.bytes, '\0');
  for (std::size_t done = 0; done < out.size(); done += piece)
    stream.read(reinterpret_cast<std::byte*>(out.data()) + done, std::min(piece, out.size() - done));
  return out;
}

TEST(InflateStream, PiecesOfAnySizeGiveTheSameBytes) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * i);
  const std::string packed = "??" + testing::deflated(text) + "?";
  const io::DeflatedBytes place{2, packed.size() - 3, text.size(), testing::crc_of(text)};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, text.size()})
    EXPECT_EQ(inflate(packed, place, piece), text) << piece;
}

TEST(InflateStream, DamageIsNamed) {
  const std::string text(3000, 'a');
  const std::string packed = testing::deflated(text);
  const io::DeflatedBytes true_place{0, packed.size(), text.size(), testing::crc_of(text)};
  const auto refused = [&](io::DeflatedBytes place, const std::string& bytes) {
    return testing::error_text<FormatError>([&] { inflate(bytes, place, 1000); });
  };
  io::DeflatedBytes place = true_place;
  place.crc ^= 1;
  EXPECT_NE(refused(place, packed).find("another crc"), std::string::npos);
  place = true_place;
  place.bytes += 1;
  EXPECT_NE(refused(place, packed).find("end after 3000 of 3001 bytes"), std::string::npos);
  place.bytes = 2999;
  EXPECT_NE(refused(place, packed).find("go on after the 2999 bytes"), std::string::npos);
  place = true_place;
  place.stored_bytes -= 1;
  EXPECT_NE(refused(place, packed).find("deflated data"), std::string::npos);
  place = true_place;
  place.stored_bytes += 1;
  EXPECT_NE(refused(place, packed + "?").find("bytes follow the end"), std::string::npos);
  std::string broken = packed;
  broken[0] = '\x07';  // a block of type 3, which there is not
  EXPECT_NE(refused(true_place, broken).find("damaged: invalid block type"), std::string::npos);
}

}  // namespace
}  // namespace candor
