// One crafted archive per way to be wrong; each must be refused with the byte and the thing that is wrong.
#include "candor/error.h"
#include "io/zip_directory.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using testing::little_endian;
using testing::stored;
using testing::ZipBytes;
using testing::ZipItem;

struct Case {
  const char* name;
  std::string bytes;
  std::uint64_t position;
  const char* what;
};

void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const ZipBytes& two() {
  static const ZipBytes& zip = *new ZipBytes({stored("a", "one"), stored("b", "three")});
  return zip;
}

// Fields of a record of the directory and of a local header.
constexpr std::uint64_t kFlags = 8, kMethod = 10, kCrc = 16, kStored = 20, kBytes = 24, kDisk = 34, kLocal = 42,
                        kName = 46;
constexpr std::uint64_t kLocalMethod = 8, kLocalCrc = 14, kLocalName = 30;

std::vector<Case> end_cases() {
  const ZipBytes& zip = two();
  const std::uint64_t end = zip.end;
  const ZipBytes long_names({stored(std::string(40, 'a'), ""), stored(std::string(40, 'b'), "")});
  return {
      {"empty", "", 0, "no end record"},
      {"truncated", zip.bytes.substr(0, zip.bytes.size() - 1), zip.bytes.size() - 23, "no end record"},
      {"tail", zip.bytes + "tail", zip.bytes.size() - 18, "no end record"},
      {"disks", zip.with<std::uint16_t>(end + 4, 1), end, "several disks"},
      {"entries_here", zip.with<std::uint16_t>(end + 8, 1), end, "several disks"},
      {"one_entry_more", zip.with<std::uint32_t>(end + 8, 0x00030003), end, "claims 3 entries but has only 94 bytes"},
      {"one_entry_missing", long_names.with<std::uint32_t>(long_names.end + 8, 0x00030003), long_names.end,
       "a record of the directory needs 4 bytes but the file has 0 left"},
      {"absurd_entries", zip.with<std::uint32_t>(end + 8, 0xfffefffe), end,
       "claims 65534 entries but has only 94 bytes"},
      {"fewer_entries", zip.with<std::uint32_t>(end + 8, 0x00010001), zip.records[1],
       "47 bytes more than its 1 entries"},
      {"directory_elsewhere", zip.with<std::uint32_t>(end + 16, static_cast<std::uint32_t>(zip.directory - 1)), end,
       "does not end at byte"},
      {"directory_beyond", zip.with<std::uint32_t>(end + 16, 0xfffffff0), end, "does not end at byte"},
      {"prefixed", "#!/bin/sh\n" + zip.bytes, end + 10, "does not end at byte"},
  };
}

std::vector<Case> record_cases() {
  const ZipBytes& zip = two();
  const std::uint64_t a = zip.records[0], b = zip.records[1];
  return {
      {"signature", zip.with<std::uint32_t>(b, 0), b, "there is no record"},
      {"encrypted", zip.with<std::uint16_t>(b + kFlags, 1), b, "entry 'b' is encrypted"},
      {"method", zip.with<std::uint16_t>(b + kMethod, 12), b, "compressed by method 12"},
      {"stored_size", zip.with<std::uint32_t>(b + kBytes, 6), b, "5 bytes in the file and 6 outside"},
      {"bomb", ZipBytes({ZipItem{"a", "xx", 8, 2065, 0}}).bytes, 33, "claims 2065 bytes out of 2"},
      {"record_on_disk", zip.with<std::uint16_t>(b + kDisk, 3), b, "on disk 3"},
      {"duplicate", zip.with_text(b + kName, "a"), b, "entry 'a' appears twice"},
      {"nul", zip.with_text(b + kName, std::string(1, '\0')), b, "a NUL in its name"},
      {"not_utf8", zip.with_text(b + kName, "\xff"), b, "not UTF-8"},
      {"absolute", zip.with_text(b + kName, "/"), b, "leads out of the archive"},
      {"backslash", zip.with_text(b + kName, "\\"), b, "leads out of the archive"},
      {"parent", ZipBytes({stored("../a", "")}).bytes, 34, "leads out of the archive"},
      {"long_name", ZipBytes({stored(std::string(1025, 'n'), "")}).bytes, 1055, "a name of 1025 bytes"},
      {"no_name", ZipBytes({stored("", "")}).bytes, 30, "a name of 0 bytes"},
      {"saturated", zip.with<std::uint32_t>(b + kLocal, 0xffffffff), zip.end - 0, "without a ZIP64 extra field"},
      {"zip64_for_a_stored_entry", zip.with<std::uint64_t>(a + kStored, UINT64_MAX), b, "without a ZIP64 extra field"},
      {"folder_with_data", ZipBytes({stored("a/", "one")}).bytes, 35, "is a folder with 3 bytes"},
  };
}

std::vector<Case> place_cases() {
  const ZipBytes& zip = two();
  const std::uint64_t a = zip.records[0], b = zip.records[1];
  const std::uint64_t local = zip.locals[1];
  return {
      {"same_place", zip.with<std::uint32_t>(b + kLocal, 0), a, "beyond byte 0 where the next thing begins"},
      {"inside", zip.with<std::uint32_t>(b + kLocal, 33), a, "beyond byte 33 where the next thing begins"},
      {"hole", zip.with<std::uint32_t>(b + kLocal, 36), b, "a hole between entries"},
      {"not_at_0", zip.with<std::uint32_t>(a + kLocal, 1), a, "begins at byte 1"},
      {"behind_directory", zip.with<std::uint32_t>(b + kLocal, 5000), b, "begins at byte 5000"},
      {"local_signature", zip.with<std::uint32_t>(local, 0), local, "of 'b' is not there"},
      {"local_name", zip.with_text(local + kLocalName, "c"), local, "another name"},
      {"local_method", zip.with<std::uint16_t>(local + kLocalMethod, 8), local, "another method"},
      {"local_crc", zip.with<std::uint32_t>(local + kLocalCrc, 7), local, "another size or crc"},
      {"local_size", zip.with<std::uint32_t>(local + kLocalCrc + 4, 7), local, "another size or crc"},
      {"local_name_beyond", zip.with<std::uint16_t>(local + 26, 60000), local + kLocalName, "a name needs 60000 bytes"},
      {"record_crc", zip.with<std::uint32_t>(b + kCrc, 7), local, "another size or crc"},
  };
}

class ZipHostile : public ::testing::TestWithParam<Case> {};

TEST_P(ZipHostile, IsRefusedAtItsByte) {
  const Case& test = GetParam();
  const std::string text = testing::error_text<FormatError>(
      [&] { io::parse_zip(reinterpret_cast<const std::byte*>(test.bytes.data()), test.bytes.size(), "h.zip"); });
  EXPECT_NE(text.find("zip: h.zip: byte " + std::to_string(test.position) + ": "), std::string::npos) << text;
  EXPECT_NE(text.find(test.what), std::string::npos) << text;
}

const auto kCaseName = [](const auto& test) { return std::string(test.param.name); };
INSTANTIATE_TEST_SUITE_P(End, ZipHostile, ::testing::ValuesIn(end_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Record, ZipHostile, ::testing::ValuesIn(record_cases()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Place, ZipHostile, ::testing::ValuesIn(place_cases()), kCaseName);

}  // namespace
}  // namespace candor
