// Files made byte by byte, whole or broken on purpose, and a folder that is removed afterwards.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace candor::testing {

/// A fresh folder under the build's temporary files; gone when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "candor-io-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& folder() const { return path_; }
  std::string put(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      out.push_back(entry.path().filename().string());
    return out;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

template <class T>
std::string little_endian(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// A safetensors file of any header text, true or not, and any data.
inline std::string safetensors_bytes(const std::string& header, const std::string& data = "") {
  return little_endian<std::uint64_t>(header.size()) + header + data;
}

/// GGUF's metadata type ids.
enum GgufType : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

inline std::string gguf_string(const std::string& text) { return little_endian<std::uint64_t>(text.size()) + text; }

inline std::string gguf_pair(const std::string& key, GgufType type, const std::string& value) {
  return gguf_string(key) + little_endian<std::uint32_t>(type) + value;
}

inline std::string gguf_array(GgufType type, std::uint64_t count, const std::string& values) {
  return little_endian<std::uint32_t>(type) + little_endian(count) + values;
}

inline std::string gguf_info(const std::string& name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                             std::uint64_t offset) {
  std::string bytes = gguf_string(name) + little_endian<std::uint32_t>(static_cast<std::uint32_t>(dims.size()));
  for (const std::uint64_t dim : dims) bytes += little_endian(dim);
  return bytes + little_endian(type) + little_endian(offset);
}

/// Pieces of a GGUF file; bytes() puts them together and counts them unless told otherwise.
struct GgufBytes {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::vector<std::string> pairs;
  std::vector<std::string> infos;
  std::string data;
  std::uint64_t alignment = 32;
  std::int64_t tensor_count = -1, pair_count = -1;  // -1: the truth

  std::string header() const {
    std::string out = magic + little_endian(version);
    out += little_endian<std::uint64_t>(tensor_count < 0 ? infos.size() : static_cast<std::uint64_t>(tensor_count));
    out += little_endian<std::uint64_t>(pair_count < 0 ? pairs.size() : static_cast<std::uint64_t>(pair_count));
    for (const std::string& pair : pairs) out += pair;
    for (const std::string& info : infos) out += info;
    return out;
  }
  std::string bytes() const {
    std::string out = header();
    if (!data.empty() || !infos.empty()) out.append((alignment - out.size() % alignment) % alignment, '\0');
    return out + data;
  }
};

/// The text of the exception that `call` throws, which must be an `Expected`.
template <class Expected, class Call>
std::string error_text(Call&& call) {
  try {
    call();
  } catch (const Expected& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another kind of exception: " << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace candor::testing
