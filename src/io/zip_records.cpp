#include "io/zip_records.h"

#include <algorithm>
#include <cstring>

#include "io/checked.h"

namespace candor::io {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50, kLocator = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22, kLocatorBytes = 20, kEnd64Bytes = 56, kLongestComment = 65535;
constexpr std::uint32_t kSaturated = 0xffffffff;  // "see the 64-bit field"

std::uint32_t load_u32(const std::byte* p) {
  std::uint32_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

std::uint16_t load_u16(const std::byte* p) {
  std::uint16_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// The last end record whose comment reaches exactly to the end of the file.
std::uint64_t find_end(const std::byte* data, std::uint64_t size, const std::string& file) {
  if (size >= kEndBytes) {
    const std::uint64_t last = size - kEndBytes;
    const std::uint64_t first = last - std::min(last, kLongestComment);
    for (std::uint64_t at = last + 1; at-- > first;)
      if (load_u32(data + at) == kEnd && load_u16(data + at + kEndBytes - 2) == last - at) return at;
  }
  refuse(kZipFormat, file, size - std::min(size, kEndBytes), "no end record of a ZIP file ends the file", kGetAgain);
}

struct EndFields {
  std::uint64_t disk = 0, first_disk = 0, entries_here = 0, entries = 0, bytes = 0, directory = 0;
};

EndFields read_end32(const std::byte* data, std::uint64_t size, std::uint64_t at, const std::string& file) {
  ByteCursor cursor(data, size, kZipFormat, file);
  cursor.seek(at + sizeof kEnd, "the end record");
  EndFields f;
  f.disk = cursor.read<std::uint16_t>("the end record");
  f.first_disk = cursor.read<std::uint16_t>("the end record");
  f.entries_here = cursor.read<std::uint16_t>("the end record");
  f.entries = cursor.read<std::uint16_t>("the end record");
  f.bytes = cursor.read<std::uint32_t>("the end record");
  f.directory = cursor.read<std::uint32_t>("the end record");
  return f;
}

/// The 64-bit end record that the locator before `at` points to; it must end where the locator begins.
EndFields read_end64(const std::byte* data, std::uint64_t locator, const std::string& file, std::uint64_t& position) {
  ByteCursor cursor(data, locator + kLocatorBytes, kZipFormat, file);
  cursor.seek(locator + sizeof kLocator, "the ZIP64 locator");
  const auto disk = cursor.read<std::uint32_t>("the ZIP64 locator");
  position = cursor.read<std::uint64_t>("the ZIP64 locator");
  const auto disks = cursor.read<std::uint32_t>("the ZIP64 locator");
  if (disk != 0 || disks > 1)
    cursor.fail_at(locator, "the archive is spread over " + std::to_string(disks) + " disks; join the parts first");
  if (locator < kEnd64Bytes || position > locator - kEnd64Bytes)
    cursor.fail_at(locator, "the ZIP64 end record should be at byte " + std::to_string(position) +
                                ", which is not before its locator");
  cursor.seek(position, "the ZIP64 end record");
  if (cursor.read<std::uint32_t>("a signature") != kEnd64)
    cursor.fail_at(position, "there is no ZIP64 end record where the locator points");
  const auto bytes = cursor.read<std::uint64_t>("the ZIP64 end record");
  if (bytes != locator - position - 12)
    cursor.fail_at(position, "the ZIP64 end record claims " + std::to_string(bytes) + " bytes but " +
                                 std::to_string(locator - position - 12) + " are there");
  cursor.read<std::uint32_t>("the ZIP64 end record");  // versions
  EndFields f;
  f.disk = cursor.read<std::uint32_t>("the ZIP64 end record");
  f.first_disk = cursor.read<std::uint32_t>("the ZIP64 end record");
  f.entries_here = cursor.read<std::uint64_t>("the ZIP64 end record");
  f.entries = cursor.read<std::uint64_t>("the ZIP64 end record");
  f.bytes = cursor.read<std::uint64_t>("the ZIP64 end record");
  f.directory = cursor.read<std::uint64_t>("the ZIP64 end record");
  return f;
}

bool agrees(std::uint64_t narrow, std::uint64_t saturated, std::uint64_t wide) {
  return narrow == saturated || narrow == wide;
}

/// Replaces the saturated fields of `record` by those of the ZIP64 extra field, which holds them in a fixed order.
void read_zip64_extra(ByteCursor& cursor, std::uint64_t extra_end, const std::vector<std::uint64_t*>& saturated) {
  constexpr std::uint16_t kZip64Tag = 1;
  bool found = false;
  while (cursor.position() < extra_end) {
    const std::uint64_t begin = cursor.position();
    if (extra_end - begin < 4) break;  // padding that is no field: some writers align so
    const auto tag = cursor.read<std::uint16_t>("an extra field");
    const auto bytes = cursor.read<std::uint16_t>("an extra field");
    if (bytes > extra_end - cursor.position()) cursor.fail_at(begin, "an extra field goes beyond the others' end");
    const std::uint64_t end = cursor.position() + bytes;
    if (tag == kZip64Tag) {
      if (found) cursor.fail_at(begin, "there are two ZIP64 extra fields");
      found = true;
      if (bytes < 8 * saturated.size())
        cursor.fail_at(begin, "the ZIP64 extra field is too short for what it replaces");
      for (std::uint64_t* field : saturated) *field = cursor.read<std::uint64_t>("the ZIP64 extra field");
    }
    cursor.seek(end, "the next extra field");
  }
  cursor.seek(extra_end, "what follows the extra fields");
  if (!found && !saturated.empty()) cursor.fail("a size of 2^32-1 without a ZIP64 extra field");
}

std::vector<std::uint64_t*> saturated_among(std::initializer_list<std::uint64_t*> fields) {
  std::vector<std::uint64_t*> found;
  for (std::uint64_t* field : fields)
    if (*field == kSaturated) found.push_back(field);
  return found;
}

}  // namespace

ZipEnd read_zip_end(const std::byte* data, std::uint64_t size, const std::string& file) {
  const std::uint64_t at = find_end(data, size, file);
  EndFields f = read_end32(data, size, at, file);
  std::uint64_t position = at;
  const auto fail = [&](const std::string& what) { refuse(kZipFormat, file, position, what, kGetAgain); };
  if (at >= kLocatorBytes && load_u32(data + at - kLocatorBytes) == kLocator) {
    const EndFields narrow = f;
    f = read_end64(data, at - kLocatorBytes, file, position);
    if (!agrees(narrow.entries, 0xffff, f.entries) || !agrees(narrow.bytes, kSaturated, f.bytes) ||
        !agrees(narrow.directory, kSaturated, f.directory))
      fail("the ZIP64 end record and the plain one disagree");
  }
  if (f.disk != 0 || f.first_disk != 0 || f.entries_here != f.entries)
    fail("the archive is spread over several disks; join the parts first");
  const std::optional<std::uint64_t> end = checked_add(f.directory, f.bytes);
  if (!end || *end != position)
    fail("the directory of " + std::to_string(f.bytes) + " bytes at byte " + std::to_string(f.directory) +
         " does not end at byte " + std::to_string(position) + " where the end record begins");
  constexpr std::uint64_t kRecordBytes = 46;
  if (f.entries > f.bytes / kRecordBytes)
    fail("the directory claims " + std::to_string(f.entries) + " entries but has only " + std::to_string(f.bytes) +
         " bytes");
  return {position, f.directory, f.entries};
}

ZipRecord read_zip_record(ByteCursor& cursor) {
  constexpr std::string_view kWhat = "a record of the directory";
  ZipRecord record;
  record.position = cursor.position();
  if (cursor.read<std::uint32_t>(kWhat) != kCentral)
    cursor.fail_at(record.position, "there is no record of the directory here");
  cursor.read<std::uint32_t>(kWhat);  // versions
  record.flags = cursor.read<std::uint16_t>(kWhat);
  record.method = cursor.read<std::uint16_t>(kWhat);
  cursor.read<std::uint32_t>(kWhat);  // time and date
  record.crc = cursor.read<std::uint32_t>(kWhat);
  record.stored_bytes = cursor.read<std::uint32_t>(kWhat);
  record.bytes = cursor.read<std::uint32_t>(kWhat);
  const auto name_bytes = cursor.read<std::uint16_t>(kWhat);
  const auto extra_bytes = cursor.read<std::uint16_t>(kWhat);
  const auto comment_bytes = cursor.read<std::uint16_t>(kWhat);
  record.disk = cursor.read<std::uint16_t>(kWhat);
  cursor.take(6, kWhat);  // attributes
  record.local = cursor.read<std::uint32_t>(kWhat);
  record.name.assign(reinterpret_cast<const char*>(cursor.take(name_bytes, "a name")), name_bytes);
  const std::uint64_t extra = cursor.position();
  cursor.take(extra_bytes, "extra fields");
  cursor.seek(extra, "extra fields");
  read_zip64_extra(cursor, extra + extra_bytes, saturated_among({&record.bytes, &record.stored_bytes, &record.local}));
  cursor.take(comment_bytes, "a comment");
  return record;
}

std::uint64_t check_local_header(const std::byte* data, std::uint64_t end, const ZipRecord& record,
                                 const std::string& file) {
  constexpr std::string_view kWhat = "a local header";
  ByteCursor cursor(data, end, kZipFormat, file);
  cursor.seek(record.local, kWhat);
  const auto fail = [&](const std::string& what) {
    cursor.fail_at(record.local, "the local header of " + quote(record.name) + " " + what);
  };
  if (cursor.read<std::uint32_t>(kWhat) != kLocal) fail("is not there");
  cursor.read<std::uint16_t>(kWhat);  // version
  const auto flags = cursor.read<std::uint16_t>(kWhat);
  const auto method = cursor.read<std::uint16_t>(kWhat);
  cursor.read<std::uint32_t>(kWhat);  // time and date
  const auto crc = cursor.read<std::uint32_t>(kWhat);
  std::uint64_t stored = cursor.read<std::uint32_t>(kWhat);
  std::uint64_t bytes = cursor.read<std::uint32_t>(kWhat);
  const auto name_bytes = cursor.read<std::uint16_t>(kWhat);
  const auto extra_bytes = cursor.read<std::uint16_t>(kWhat);
  const std::byte* name = cursor.take(name_bytes, "a name");
  const std::uint64_t extra = cursor.position();
  cursor.take(extra_bytes, "extra fields");
  cursor.seek(extra, "extra fields");
  read_zip64_extra(cursor, extra + extra_bytes, saturated_among({&bytes, &stored}));
  if (name_bytes != record.name.size() || std::memcmp(name, record.name.data(), name_bytes) != 0)
    fail("has another name");
  if (flags != record.flags || method != record.method) fail("has other flags or another method than the directory");
  const bool later = record.has_descriptor() && crc == 0 && stored == 0 && bytes == 0;  // they follow the data
  if (!later && (crc != record.crc || stored != record.stored_bytes || bytes != record.bytes))
    fail("has another size or crc than the directory");
  return cursor.position();
}

}  // namespace candor::io
