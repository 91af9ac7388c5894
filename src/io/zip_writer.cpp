#include "io/zip_writer.h"

#include <zlib.h>

#include "io/little_endian.h"
#include "io/zip_records.h"

namespace candor::io {
namespace {

constexpr std::uint64_t kAlignment = 64;
constexpr std::uint32_t kSaturated = 0xffffffff;  // "see the 64-bit field"
constexpr std::uint16_t kSaturatedCount = 0xffff;
constexpr std::uint16_t kPlainVersion = 20, kZip64Version = 45;
constexpr std::uint16_t kDescriptorFlag = 1u << 3, kUtf8Flag = 1u << 11;
constexpr std::uint16_t kFixedDate = 0x0021;                  // 1980-01-01, the first that a ZIP file can say
constexpr std::uint16_t kZip64Tag = 1, kPaddingTag = 0x4246;  // "FB": PyTorch's padding
constexpr std::uint64_t kLocalBytes = 30, kExtraHeaderBytes = 4;

bool is_wide(std::uint64_t value) { return value >= kSaturated; }

std::uint32_t narrow(std::uint64_t value) { return is_wide(value) ? kSaturated : static_cast<std::uint32_t>(value); }

std::uint16_t version_of(bool wide) { return wide ? kZip64Version : kPlainVersion; }

std::uint32_t crc_of(std::uint32_t before, const void* data, std::uint64_t bytes) {
  return static_cast<std::uint32_t>(::crc32_z(before, static_cast<const Bytef*>(data), bytes));
}

/// Flags, method, time, date, crc, both sizes and the name's length: what both kinds of header have in one row.
void append_common(std::string& out, const ZipOutputEntry& entry, std::uint32_t crc, std::uint32_t size) {
  const std::uint16_t descriptor = entry.descriptor ? kDescriptorFlag : 0;
  append_little_endian(out, static_cast<std::uint16_t>(descriptor | kUtf8Flag));
  append_little_endian(out, kZipStored);
  append_little_endian(out, std::uint16_t{0});
  append_little_endian(out, kFixedDate);
  append_little_endian(out, crc);
  append_little_endian(out, size);
  append_little_endian(out, size);
  append_little_endian(out, static_cast<std::uint16_t>(entry.name.size()));
}

std::string zip64_extra(std::initializer_list<std::uint64_t> values) {
  std::string out;
  if (values.size() == 0) return out;
  append_little_endian(out, kZip64Tag);
  append_little_endian(out, static_cast<std::uint16_t>(values.size() * sizeof(std::uint64_t)));
  for (const std::uint64_t value : values) append_little_endian(out, value);
  return out;
}

/// The 64-bit numbers that an entry needs. PyTorch also has the place in local headers, and computes by that rule where
/// the next entry begins.
std::string wide_numbers(const ZipOutputEntry& entry, std::uint64_t size) {
  const bool wide_size = is_wide(entry.bytes), wide_place = is_wide(entry.local);
  if (wide_size && wide_place) return zip64_extra({size, size, entry.local});
  if (wide_size) return zip64_extra({size, size});
  return wide_place ? zip64_extra({entry.local}) : "";
}

/// An extra field that nobody reads, so that what follows it at `position` is aligned. Always there, as PyTorch has it.
std::string padding(std::uint64_t position) {
  const std::uint64_t bytes = (kAlignment - (position + kExtraHeaderBytes) % kAlignment) % kAlignment;
  std::string out;
  append_little_endian(out, kPaddingTag);
  append_little_endian(out, static_cast<std::uint16_t>(bytes));
  return out.append(bytes, 'Z');
}

}  // namespace

std::string zip_local_header(const ZipOutputEntry& entry) {
  const std::uint64_t size = entry.descriptor ? 0 : entry.bytes;
  std::string extra = wide_numbers(entry, size);
  const std::uint16_t version = version_of(!extra.empty());
  extra += padding(entry.local + kLocalBytes + entry.name.size() + extra.size());
  std::string out = "PK\x03\x04";
  append_little_endian(out, version);
  append_common(out, entry, entry.descriptor ? 0 : entry.crc,
                is_wide(entry.bytes) ? kSaturated : static_cast<std::uint32_t>(size));
  append_little_endian(out, static_cast<std::uint16_t>(extra.size()));
  return out + entry.name + extra;
}

std::string zip_descriptor(const ZipOutputEntry& entry) {
  const bool wide = is_wide(entry.bytes) || is_wide(entry.local);  // like the local header
  std::string out;
  append_little_endian(out, kZipDescriptor);
  append_little_endian(out, entry.crc);
  for (int copy = 0; copy < 2; ++copy)  // stored, and outside
    wide ? append_little_endian(out, entry.bytes) : append_little_endian(out, static_cast<std::uint32_t>(entry.bytes));
  return out;
}

std::string zip_directory_record(const ZipOutputEntry& entry) {
  const std::string extra = wide_numbers(entry, entry.bytes);
  std::string out = "PK\x01\x02";
  append_little_endian(out, version_of(!extra.empty()));  // made by
  append_little_endian(out, version_of(!extra.empty()));  // needed
  append_common(out, entry, entry.crc, narrow(entry.bytes));
  append_little_endian(out, static_cast<std::uint16_t>(extra.size()));
  out.append(10, '\0');  // comment, disk, attributes
  append_little_endian(out, narrow(entry.local));
  return out + entry.name + extra;
}

std::string zip_end(std::uint64_t entries, std::uint64_t directory, std::uint64_t directory_bytes) {
  constexpr std::uint64_t kRestOfEnd64 = 44;  // bytes behind its own length
  std::string out;
  if (entries >= kSaturatedCount || is_wide(directory) || is_wide(directory_bytes)) {
    out += "PK\x06\x06";
    append_little_endian(out, kRestOfEnd64);
    append_little_endian(out, kZip64Version);
    append_little_endian(out, kZip64Version);
    out.append(8, '\0');  // disks
    for (const std::uint64_t value : {entries, entries, directory_bytes, directory}) append_little_endian(out, value);
    out.append("PK\x06\x07").append(4, '\0');
    append_little_endian(out, directory + directory_bytes);
    append_little_endian(out, std::uint32_t{1});  // disks
  }
  const auto count = static_cast<std::uint16_t>(entries >= kSaturatedCount ? kSaturatedCount : entries);
  out.append("PK\x05\x06").append(4, '\0');
  append_little_endian(out, count);
  append_little_endian(out, count);
  append_little_endian(out, narrow(directory_bytes));
  append_little_endian(out, narrow(directory));
  return out.append(2, '\0');  // no comment
}

void ZipWriter::put(std::string_view bytes) {
  sink_(bytes.data(), bytes.size());
  position_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::string_view content) {
  entries_.push_back({name, position_, content.size(), crc_of(0, content.data(), content.size()), false});
  put(zip_local_header(entries_.back()));
  put(content);
}

void ZipWriter::begin(const std::string& name, std::uint64_t bytes) {
  entries_.push_back({name, position_, bytes, 0, bytes != 0});  // of no bytes the crc is known
  put(zip_local_header(entries_.back()));
}

void ZipWriter::write(std::string_view data) {
  sink_(data.data(), data.size());
  seen(data.data(), data.size());
}

void ZipWriter::seen(const void* data, std::uint64_t bytes) {
  entries_.back().crc = crc_of(entries_.back().crc, data, bytes);
  position_ += bytes;
}

void ZipWriter::end() {
  if (entries_.back().descriptor) put(zip_descriptor(entries_.back()));
}

void ZipWriter::finish() {
  const std::uint64_t directory = position_;
  for (const ZipOutputEntry& entry : entries_) put(zip_directory_record(entry));
  put(zip_end(entries_.size(), directory, position_ - directory));
}

}  // namespace candor::io
