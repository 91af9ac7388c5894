// ZIP archives, pickles, PyTorch and NumPy files made byte by byte, whole or broken on purpose.
#pragma once

#include <zlib.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "tests/io/file_builders.h"

namespace candor::testing {

inline std::uint32_t crc_of(const std::string& bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// Raw deflate, as ZIP has it.
inline std::string deflated(const std::string& bytes) {
  z_stream z{};
  ::deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string out(::deflateBound(&z, bytes.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  ::deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  ::deflateEnd(&z);
  return out;
}

struct ZipItem {
  std::string name, data;  // as the file holds it
  std::uint16_t method = 0;
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
};

inline ZipItem stored(const std::string& name, const std::string& data) {
  return {name, data, 0, data.size(), crc_of(data)};
}
inline ZipItem compressed(const std::string& name, const std::string& data) {
  return {name, deflated(data), 8, data.size(), crc_of(data)};
}

/// A whole archive and where its parts are, so that a test can break one of them.
struct ZipBytes {
  std::string bytes;
  std::vector<std::uint64_t> locals, data, records;
  std::uint64_t directory = 0, end = 0;

  explicit ZipBytes(const std::vector<ZipItem>& items) {
    for (const ZipItem& item : items) add(item);
    directory = bytes.size();
    for (std::size_t i = 0; i < items.size(); ++i) add_record(items[i], locals[i]);
    end = bytes.size();
    const std::string count = little_endian(static_cast<std::uint16_t>(items.size()));
    bytes += "PK\x05\x06" + std::string(4, '\0') + count + count + u32(end - directory) + u32(directory) +
             std::string(2, '\0');
  }

  /// The archive with the bytes at `at` replaced.
  template <class T>
  std::string with(std::uint64_t at, T value) const {
    std::string changed = bytes;
    return changed.replace(at, sizeof value, little_endian(value));
  }
  std::string with_text(std::uint64_t at, const std::string& text) const {
    std::string changed = bytes;
    return changed.replace(at, text.size(), text);
  }

 private:
  static std::string u32(std::uint64_t value) { return little_endian(static_cast<std::uint32_t>(value)); }
  static std::string common(const ZipItem& item) {
    return std::string(2, '\0') + little_endian(item.method) + std::string(4, '\0') + u32(item.crc) +
           u32(item.data.size()) + u32(item.bytes) + little_endian(static_cast<std::uint16_t>(item.name.size())) +
           std::string(2, '\0');
  }
  void add(const ZipItem& item) {
    locals.push_back(bytes.size());
    bytes += std::string("PK\x03\x04\x14\0", 6) + common(item) + item.name;
    data.push_back(bytes.size());
    bytes += item.data;
  }
  void add_record(const ZipItem& item, std::uint64_t local) {
    records.push_back(bytes.size());
    bytes += std::string("PK\x01\x02\x14\0\x14\0", 8) + common(item) + std::string(10, '\0') + u32(local) + item.name;
  }
};

/// Pieces of pickles of protocol 2.
namespace pickled {

inline std::string whole(const std::string& body) { return "\x80\x02" + body + "."; }
inline std::string text(const std::string& value) {
  return "X" + little_endian(static_cast<std::uint32_t>(value.size())) + value;
}
inline std::string integer(std::int64_t value) { return "\x8a\x08" + little_endian(value); }
inline std::string symbol(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string numbers(const std::vector<std::int64_t>& values) {
  std::string items;
  for (const std::int64_t value : values) items += integer(value);
  return tuple(items);
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string items;
  for (const auto& [key, value] : pairs) items += text(key) + value;
  return "}(" + items + "u";
}
inline std::string storage(const std::string& type, const std::string& key, std::int64_t elements) {
  return tuple(text("storage") + symbol("torch", type) + text(key) + text("cpu") + integer(elements)) + "Q";
}
inline std::string tensor(const std::string& storage, std::int64_t offset, const std::vector<std::int64_t>& size,
                          const std::vector<std::int64_t>& stride) {
  return symbol("torch._utils", "_rebuild_tensor_v2") +
         tuple(storage + integer(offset) + numbers(size) + numbers(stride) + "\x89N") + "R";
}

}  // namespace pickled

/// An archive of torch.save: the pickle, little-endian, and one entry per storage.
inline ZipBytes pytorch_zip(const std::string& pickle,
                            const std::vector<std::pair<std::string, std::string>>& storages = {}) {
  std::vector<ZipItem> items = {stored("x/data.pkl", pickle), stored("x/byteorder", "little")};
  for (const auto& [key, data] : storages) items.push_back(stored("x/data/" + key, data));
  return ZipBytes(items);
}

/// A .npy file with any header text.
inline std::string npy_bytes(const std::string& dict, const std::string& data = "", char major = 1) {
  std::string header = dict;
  while ((header.size() + 11) % 16 != 0) header += ' ';
  header += '\n';
  std::string bytes("\x93NUMPY", 6);
  bytes += major;
  bytes += '\0';
  if (major == 1)
    bytes += little_endian(static_cast<std::uint16_t>(header.size()));
  else
    bytes += little_endian(static_cast<std::uint32_t>(header.size()));
  return bytes + header + data;
}

inline std::string npy_dict(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
}

}  // namespace candor::testing
