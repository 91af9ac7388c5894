// ZIP archives as they are written, read by our own strict reader: alignment, checksums, the 64-bit fields.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "io/zip_directory.h"
#include "io/zip_records.h"
#include "io/zip_writer.h"
#include "tests/io/archive_builders.h"

namespace candor::io {
namespace {

using ::testing::EndsWith;

constexpr std::uint64_t kWide = 0x1'2345'6789;  // above 4 GiB

const std::byte* data_of(const std::string& bytes) { return reinterpret_cast<const std::byte*>(bytes.data()); }

ZipRecord record_of(const ZipOutputEntry& entry) {
  const std::string bytes = zip_directory_record(entry);
  ByteCursor cursor(data_of(bytes), bytes.size(), kZipFormat, "x");
  const ZipRecord record = read_zip_record(cursor);
  EXPECT_EQ(cursor.remaining(), 0u);
  return record;
}

TEST(ZipWriter, WhatIsWrittenIsReadAlignedWithItsChecksum) {
  std::string bytes;
  ZipWriter writer([&](const void* data, std::uint64_t count) { bytes.append(static_cast<const char*>(data), count); });
  const std::string content(1000, 'c'), other = "seen by another way";
  for (std::size_t length = 1; length < 70; ++length)  // every rest of the alignment
    writer.add(std::string(length, 'n'), content.substr(0, length));
  writer.begin("pieces", content.size());
  writer.write(std::string_view(content).substr(0, 300));
  writer.write(std::string_view(content).substr(300));
  writer.end();
  writer.begin("seen", other.size());
  bytes += other;
  writer.seen(other.data(), other.size());
  writer.end();
  writer.begin("empty", 0);
  writer.end();
  writer.finish();
  const ZipDirectory zip = parse_zip(data_of(bytes), bytes.size(), "x");
  ASSERT_EQ(zip.entries.size(), 72u);
  for (const ZipEntry& entry : zip.entries) {
    EXPECT_EQ(entry.offset % 64, 0u) << entry.name;
    EXPECT_FALSE(entry.deflated);
    EXPECT_EQ(entry.crc, testing::crc_of(bytes.substr(entry.offset, entry.bytes))) << entry.name;
  }
  EXPECT_EQ(bytes.substr(zip.find("pieces")->offset, 1000), content);
  EXPECT_EQ(bytes.substr(zip.find("seen")->offset, other.size()), other);
  EXPECT_EQ(zip.find("empty")->bytes, 0u);
}

TEST(ZipWriter, SizesAndPlacesAboveFourGibibytesAre64BitsWide) {
  for (const std::uint64_t bytes : {std::uint64_t{5}, std::uint64_t{0xfffffffe}, std::uint64_t{0xffffffff}, kWide})
    for (const std::uint64_t local : {std::uint64_t{0}, std::uint64_t{0xffffffff}, kWide}) {
      const ZipOutputEntry entry{"n\u00e9", local, bytes, 0xdeadbeef, true};
      const ZipRecord record = record_of(entry);
      EXPECT_EQ(record.name, entry.name);
      EXPECT_EQ(record.local, local);
      EXPECT_EQ(record.bytes, bytes);
      EXPECT_EQ(record.stored_bytes, bytes);
      EXPECT_EQ(record.crc, 0xdeadbeef);
      EXPECT_TRUE(record.has_descriptor());
      const std::size_t fixed = 46 + entry.name.size();
      const bool wide_size = bytes >= 0xffffffff, wide_place = local >= 0xffffffff;
      EXPECT_EQ(zip_directory_record(entry).size(),
                fixed + (wide_size || wide_place ? 4 : 0) + (wide_size ? 16 : 0) + (wide_place ? 8 : 0));
      const bool wide = wide_size || wide_place;
      EXPECT_EQ(zip_descriptor(entry).size(), wide ? 24u : 16u);
      EXPECT_THAT(zip_descriptor(entry), EndsWith(wide ? testing::little_endian(bytes)
                                                       : testing::little_endian(static_cast<std::uint32_t>(bytes))));
    }
}

TEST(ZipWriter, LocalHeadersAgreeWithTheDirectory) {
  for (const bool descriptor : {false, true})
    for (const std::uint64_t bytes : {std::uint64_t{5}, kWide}) {
      ZipOutputEntry entry{"name", kWide / 64 * 64, bytes, 7, descriptor};
      EXPECT_EQ(zip_local_header(entry).size() % 64, 0u);
      entry.local = 64;
      const std::string file = std::string(64, 'x') + zip_local_header(entry);
      EXPECT_EQ(check_local_header(data_of(file), file.size(), record_of(entry), "x"), file.size());
      EXPECT_EQ(file.size() % 64, 0u);
      ZipRecord other = record_of(entry);
      other.bytes = 6;
      if (!descriptor)
        testing::error_text<FormatError>([&] { check_local_header(data_of(file), file.size(), other, "x"); });
    }
}

TEST(ZipWriter, TheEndRecordHasItsWideFormWhereItNeedsIt) {
  struct Case {
    std::uint64_t entries, directory, bytes;
    bool wide;
  };
  // Nothing but the end record itself is read: the directory before it is not there, nor are 4 GiB.
  for (const Case& c : {Case{2, 0, 100, false}, {65534, 0, 65534 * 46, false}, {65535, 0, 65535 * 46, true}}) {
    const std::string file = std::string(c.directory + c.bytes, 'x') + zip_end(c.entries, c.directory, c.bytes);
    EXPECT_EQ(file.size(), c.directory + c.bytes + (c.wide ? 98 : 22));
    const ZipEnd end = read_zip_end(data_of(file), file.size(), "x");
    EXPECT_EQ(end.entries, c.entries);
    EXPECT_EQ(end.directory, c.directory);
    EXPECT_EQ(end.position, c.directory + c.bytes);
  }
  const std::string far = zip_end(3, kWide, 200);
  ASSERT_EQ(far.size(), 98u);
  EXPECT_EQ(far.substr(24, 32), testing::little_endian(std::uint64_t{3}) + testing::little_endian(std::uint64_t{3}) +
                                    testing::little_endian(std::uint64_t{200}) + testing::little_endian(kWide));
  EXPECT_EQ(far.substr(64, 8), testing::little_endian(kWide + 200)) << "where the wide end record is";
}

}  // namespace
}  // namespace candor::io
