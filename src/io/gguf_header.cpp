#include "io/gguf_header.h"

#include <cstring>
#include <unordered_set>

#include "io/checked.h"

namespace candor::io {
namespace {

constexpr std::string_view kFormat = "gguf";
constexpr std::uint64_t kSmallestInfo = 24;  // name length, n_dims, type, offset
constexpr std::uint32_t kMaxDims = 4;

// Types that GGUF once had; their ids are never given again.
constexpr struct {
  std::uint32_t id;
  std::string_view name;
} kRemovedTypes[] = {{4, "q4_2"},      {5, "q4_3"},        {31, "q4_0_4_4"},   {32, "q4_0_4_8"},
                     {33, "q4_0_8_8"}, {36, "iq4_nl_4_4"}, {37, "iq4_nl_4_8"}, {38, "iq4_nl_8_8"}};

std::uint32_t read_version(ByteCursor& cursor) {
  if (cursor.remaining() < 4 || std::memcmp(cursor.take(4, "the magic"), "GGUF", 4) != 0)
    refuse(kFormat, cursor.file(), 0, "the file does not begin with 'GGUF'", "this is no GGUF file");
  const std::uint32_t version = cursor.read<std::uint32_t>("the version");
  if (version == 2 || version == 3) return version;
  if (version == 1) {
    refuse(kFormat, cursor.file(), 4, "version 1 (32-bit counts) is not read, 2 and 3 are",
           "convert it again with a current llama.cpp");
  }
  if (const std::uint32_t swapped = __builtin_bswap32(version); swapped >= 1 && swapped <= 3) {
    refuse(kFormat, cursor.file(), 4,
           "the file is big-endian (version " + std::to_string(swapped) +
               " with its bytes swapped), only little-endian files are read",
           "swap it with gguf_convert_endian of the gguf package");
  }
  refuse(kFormat, cursor.file(), 4, "version " + std::to_string(version) + " is not known, 2 and 3 are",
         "the file is damaged or newer than this program");
}

std::string read_name(ByteCursor& cursor, std::unordered_set<std::string>& names) {
  const std::uint64_t at = cursor.position();
  std::string name = read_gguf_string(cursor, "a tensor name", kMaxGgufName);
  if (name.empty()) cursor.fail_at(at, "a tensor has an empty name");
  if (name.find('\0') != std::string::npos || !is_utf8(name))
    cursor.fail_at(at, "the tensor name " + quote(name) + " contains a NUL character or is not UTF-8");
  if (!names.insert(name).second) cursor.fail_at(at, "tensor " + quote(name) + " appears twice");
  return name;
}

/// Extents, outermost first: the file has them innermost first.
std::vector<std::int64_t> read_shape(ByteCursor& cursor, const std::string& name) {
  const std::uint64_t at = cursor.position();
  const std::uint32_t rank = cursor.read<std::uint32_t>("the rank of tensor " + quote(name));
  if (rank > kMaxDims)
    cursor.fail_at(at, "tensor " + quote(name) + " has " + std::to_string(rank) + " dimensions, the format allows 4");
  std::vector<std::int64_t> shape(rank);
  for (std::uint32_t i = 0; i < rank; ++i) {
    const std::uint64_t extent = cursor.read<std::uint64_t>("an extent of tensor " + quote(name));
    if (extent > static_cast<std::uint64_t>(INT64_MAX))
      cursor.fail_at(at, "tensor " + quote(name) + " has the extent " + std::to_string(extent) + ", above 2^63-1");
    shape[rank - 1 - i] = static_cast<std::int64_t>(extent);
  }
  if (!checked_elements(shape))
    cursor.fail_at(at, "tensor " + quote(name) + " of shape " + shape_text(shape) + " has more than 2^63-1 elements");
  return shape;
}

struct Info {
  TensorEntry entry;  // offset: from the start of the data
  std::uint32_t type = 0;
  std::uint64_t position = 0;
  bool sized = false;  // nbytes is known from dtype and shape
};

Info read_info(ByteCursor& cursor, std::uint64_t alignment, std::unordered_set<std::string>& names) {
  Info info;
  info.position = cursor.position();
  info.entry.name = read_name(cursor, names);
  info.entry.shape = read_shape(cursor, info.entry.name);
  info.type = cursor.read<std::uint32_t>("the type of tensor " + quote(info.entry.name));
  const std::uint64_t at = cursor.position();
  info.entry.offset = cursor.read<std::uint64_t>("the offset of tensor " + quote(info.entry.name));
  if (info.entry.offset % alignment != 0) {
    cursor.fail_at(at, "tensor " + quote(info.entry.name) + " has the offset " + std::to_string(info.entry.offset) +
                           ", not a multiple of the alignment " + std::to_string(alignment));
  }
  const std::optional<DType> dtype = dtype_from_gguf(info.type);
  if (!dtype) return info;  // listed by name and bounded by its neighbour; refused when asked for
  const DTypeInfo& row = dtype_info(*dtype);
  const std::int64_t inner = info.entry.shape.empty() ? 1 : info.entry.shape.back();
  const std::optional<std::uint64_t> bytes = dtype_bytes(*dtype, *checked_elements(info.entry.shape));
  if (inner % row.block_elements != 0 || !bytes) {
    cursor.fail_at(info.position, "tensor " + quote(info.entry.name) + " of shape " + shape_text(info.entry.shape) +
                                      " and type " + std::string(row.name) + ": rows must be whole blocks of " +
                                      std::to_string(row.block_elements) + " and the bytes must stay below 2^64");
  }
  info.entry.dtype = *dtype;
  info.entry.nbytes = *bytes;
  info.sized = true;
  return info;
}

/// Tensors lie in the order of their infos, each at the aligned end of the one before.
void place(std::vector<Info>& infos, std::uint64_t data_start, std::uint64_t data_size, std::uint64_t alignment,
           const ByteCursor& cursor) {
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    Info& info = infos[i];
    const std::string who = "tensor " + quote(info.entry.name) + " at data offset " + std::to_string(info.entry.offset);
    if (info.entry.offset != expected) {
      cursor.fail_at(info.position,
                     who + ": expected " + std::to_string(expected) +
                         (info.entry.offset < expected ? ", tensors overlap" : ", a hole between tensors"));
    }
    if (!info.sized) {  // all that its neighbour leaves
      const std::uint64_t next = i + 1 < infos.size() ? infos[i + 1].entry.offset : data_size;
      if (next < expected) cursor.fail_at(info.position, who + " ends before it begins");
      info.entry.nbytes = next - expected;
    }
    const std::optional<std::uint64_t> end = checked_add(info.entry.offset, info.entry.nbytes);
    if (!end || *end > data_size) {
      cursor.fail_at(info.position, who + " needs " + std::to_string(info.entry.nbytes) + " bytes but the file has " +
                                        std::to_string(data_size) + " bytes of data");
    }
    const std::optional<std::uint64_t> aligned = checked_align(*end, alignment);
    if (!aligned) cursor.fail_at(info.position, who + " ends too near 2^64");
    expected = *aligned;
    info.entry.offset = *checked_add(data_start, info.entry.offset);  // below the file's size
  }
  if (data_size > expected)
    cursor.fail_at(data_start + expected, std::to_string(data_size - expected) + " bytes follow the last tensor");
}

}  // namespace

std::string gguf_type_name(std::uint32_t type_id) {
  if (const std::optional<DType> dtype = dtype_from_gguf(type_id)) return std::string(dtype_name(*dtype));
  for (const auto& removed : kRemovedTypes)
    if (removed.id == type_id) return std::string(removed.name);
  return "type " + std::to_string(type_id);
}

GgufHeader parse_gguf(const std::byte* data, std::uint64_t size, const std::string& file) {
  ByteCursor cursor(data, size, kFormat, file);
  const std::uint32_t version = read_version(cursor);
  const std::uint64_t tensor_count = cursor.read<std::uint64_t>("the tensor count");
  const std::uint64_t pair_count = cursor.read<std::uint64_t>("the metadata count");
  GgufHeader header;
  header.metadata = read_gguf_metadata(cursor, version, pair_count);
  header.alignment = header.metadata.unsigned_integer("general.alignment").value_or(kGgufDefaultAlignment);

  const std::optional<std::uint64_t> info_bytes = checked_mul(tensor_count, kSmallestInfo);
  if (!info_bytes || *info_bytes > cursor.remaining()) {
    cursor.fail_at(8, "the header claims " + std::to_string(tensor_count) + " tensors but the file has " +
                          std::to_string(cursor.remaining()) + " bytes left");
  }
  std::unordered_set<std::string> names;
  std::vector<Info> infos;
  infos.reserve(static_cast<std::size_t>(tensor_count));
  for (std::uint64_t i = 0; i < tensor_count; ++i) infos.push_back(read_info(cursor, header.alignment, names));

  const std::optional<std::uint64_t> data_start = checked_align(cursor.position(), header.alignment);
  if (!data_start) cursor.fail("the data would start beyond 2^64");
  if (*data_start > size && !infos.empty())
    cursor.fail("the tensor data should start at byte " + std::to_string(*data_start) + " but the file has " +
                std::to_string(size));
  header.data_start = *data_start;
  place(infos, *data_start, *data_start > size ? 0 : size - *data_start, header.alignment, cursor);
  for (Info& info : infos) {
    header.tensors.push_back(std::move(info.entry));
    header.type_ids.push_back(info.type);
  }
  return header;
}

}  // namespace candor::io
