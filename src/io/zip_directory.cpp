#include "io/zip_directory.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "io/byte_cursor.h"
#include "io/checked.h"
#include "io/zip_records.h"

namespace candor::io {
namespace {

constexpr std::uint64_t kLongestName = 1024;
// Deflate cannot expand further than this; a claim beyond it is a bomb or a lie.
constexpr std::uint64_t kHighestRatio = 1032;

void check_name(const std::string& name, std::uint64_t at, const std::string& file) {
  const auto fail = [&](const std::string& what) {
    refuse(kZipFormat, file, at, "entry " + quote(name) + " " + what, kHostile);
  };
  if (name.empty() || name.size() > kLongestName)
    fail("has a name of " + std::to_string(name.size()) + " bytes; 1 … " + std::to_string(kLongestName) + " are read");
  if (name.find('\0') != std::string::npos) fail("has a NUL in its name");
  if (!is_utf8(name)) fail("has a name that is not UTF-8");
  const std::string framed = "/" + name + "/";
  if (name.front() == '/' || name.find('\\') != std::string::npos || framed.find("/../") != std::string::npos)
    fail("has a name that leads out of the archive");
}

void check_record(const ZipRecord& record, const std::string& file) {
  const auto fail = [&](const std::string& what, std::string_view remedy) {
    refuse(kZipFormat, file, record.position, "entry " + quote(record.name) + " " + what, remedy);
  };
  constexpr std::uint16_t kEncrypted = 1u << 0 | 1u << 6 | 1u << 13;
  if ((record.flags & kEncrypted) != 0) fail("is encrypted", "write the file again without a password");
  if (record.disk != 0) fail("is on disk " + std::to_string(record.disk), "join the parts to one file first");
  if (record.method != kZipStored && record.method != kZipDeflated)
    fail("is compressed by method " + std::to_string(record.method) + "; stored (0) and deflated (8) are read",
         "write the file again without compression");
  if (record.method == kZipStored && record.stored_bytes != record.bytes)
    fail("is stored but has " + std::to_string(record.stored_bytes) + " bytes in the file and " +
             std::to_string(record.bytes) + " outside",
         kHostile);
  if (record.name.ends_with('/') && record.bytes != 0)
    fail("is a folder with " + std::to_string(record.bytes) + " bytes", kHostile);
  const std::optional<std::uint64_t> most = checked_mul(record.stored_bytes, kHighestRatio);
  if (most && record.bytes > *most)
    fail("claims " + std::to_string(record.bytes) + " bytes out of " + std::to_string(record.stored_bytes) +
             " deflated ones, more than deflate can hold",
         kHostile);
}

/// What follows the data of an entry whose local header was written before its size was known: crc and sizes, with or
/// without a signature, 32 or 64 bits wide. Returns where it ends; `next` is where the next thing begins.
std::uint64_t descriptor_end(const std::byte* data, const ZipRecord& record, std::uint64_t begin, std::uint64_t next,
                             const std::string& file) {
  const std::uint64_t gap = next - begin;  // the caller has checked begin <= next
  const bool possible = gap == 12 || gap == 16 || gap == 20 || gap == 24;
  if (!possible) return begin;  // a hole, which the caller refuses
  ByteCursor cursor(data, next, kZipFormat, file);
  cursor.seek(begin, "a data descriptor");
  const bool wide = gap >= 20;
  const bool signed_one = gap == 16 || gap == 24;
  const std::uint32_t signature = signed_one ? cursor.read<std::uint32_t>("a signature") : kZipDescriptor;
  const std::uint32_t crc = cursor.read<std::uint32_t>("a crc");
  const auto size = [&] { return wide ? cursor.read<std::uint64_t>("a size") : cursor.read<std::uint32_t>("a size"); };
  const std::uint64_t stored = size(), bytes = size();
  if (signature != kZipDescriptor || crc != record.crc || stored != record.stored_bytes || bytes != record.bytes)
    refuse(kZipFormat, file, begin,
           "the data descriptor of " + quote(record.name) + " does not say what the directory says", kHostile);
  return next;
}

ZipEntry make_entry(ZipRecord&& record, std::uint64_t data_offset) {
  ZipEntry entry;
  entry.name = std::move(record.name);
  entry.offset = data_offset;
  entry.stored_bytes = record.stored_bytes;
  entry.bytes = record.bytes;
  entry.crc = record.crc;
  entry.deflated = record.method == kZipDeflated;
  entry.record = record.position;
  return entry;
}

/// One entry between the end of what is before it and `next`, where the next thing begins. Returns the byte of its data
/// and moves `end` behind it.
std::uint64_t place_entry(const ZipRecord& record, const std::byte* data, std::uint64_t directory, std::uint64_t next,
                          std::uint64_t& end, const std::string& file) {
  const auto fail = [&](const std::string& what) {
    refuse(kZipFormat, file, record.position, "entry " + quote(record.name) + " " + what, kHostile);
  };
  if (record.local != end)
    fail("begins at byte " + std::to_string(record.local) + " but what is before it ends at " + std::to_string(end) +
         (record.local < end ? ": entries overlap" : ": a hole between entries"));
  const std::uint64_t data_offset = check_local_header(data, directory, record, file);
  const std::optional<std::uint64_t> data_end = checked_add(data_offset, record.stored_bytes);
  if (!data_end || *data_end > next)
    fail("has " + std::to_string(record.stored_bytes) + " bytes at byte " + std::to_string(data_offset) +
         ", beyond byte " + std::to_string(next) + " where the next thing begins: entries overlap");
  end = record.has_descriptor() ? descriptor_end(data, record, *data_end, next, file) : *data_end;
  return data_offset;
}

/// The entries by position must tile [0, directory): local header, data and data descriptor of each.
ZipDirectory place_entries(std::vector<ZipRecord> records, const std::byte* data, std::uint64_t directory,
                           const std::string& file) {
  std::stable_sort(records.begin(), records.end(),
                   [](const ZipRecord& x, const ZipRecord& y) { return x.local < y.local; });
  ZipDirectory result;
  result.entries.reserve(records.size());
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    ZipRecord& record = records[i];
    const std::uint64_t next = i + 1 < records.size() ? records[i + 1].local : directory;
    const std::uint64_t data_offset = place_entry(record, data, directory, next, end, file);
    if (!record.name.ends_with('/')) result.entries.push_back(make_entry(std::move(record), data_offset));
  }
  if (end != directory)
    refuse(kZipFormat, file, end,
           std::to_string(directory - end) + " bytes lie between the last entry and the directory", kHostile);
  return result;
}

}  // namespace

const ZipEntry* ZipDirectory::find(std::string_view name) const {
  const auto it = std::find_if(entries.begin(), entries.end(), [&](const ZipEntry& e) { return e.name == name; });
  return it == entries.end() ? nullptr : &*it;
}

bool is_zip(const std::byte* data, std::uint64_t size) {
  constexpr std::uint64_t kFixedPart = 30, kEndBytes = 22;
  if (size >= kEndBytes && std::memcmp(data, "PK\x05\x06", 4) == 0) return true;  // an archive of nothing
  if (size < kFixedPart || std::memcmp(data, "PK\x03\x04", 4) != 0) return false;
  // A safetensors header of 67,324,752 bytes begins with the same four: four zeros and a brace follow it.
  return std::memcmp(data + 4, "\0\0\0\0{", 5) != 0;
}

ZipDirectory parse_zip(const std::byte* data, std::uint64_t size, const std::string& file) {
  const ZipEnd end = read_zip_end(data, size, file);
  ByteCursor cursor(data, end.position, kZipFormat, file);
  cursor.seek(end.directory, "the directory");
  std::vector<ZipRecord> records;  // grows with what is really there: 46 bytes each
  std::unordered_set<std::string> names;
  for (std::uint64_t i = 0; i < end.entries; ++i) {
    ZipRecord& record = records.emplace_back(read_zip_record(cursor));
    check_name(record.name, record.position, file);
    if (!names.insert(record.name).second)
      refuse(kZipFormat, file, record.position, "entry " + quote(record.name) + " appears twice", kHostile);
    check_record(record, file);
  }
  if (cursor.position() != end.position)
    cursor.fail("the directory has " + std::to_string(cursor.remaining()) + " bytes more than its " +
                std::to_string(end.entries) + " entries");
  return place_entries(std::move(records), data, end.directory, file);
}

}  // namespace candor::io
