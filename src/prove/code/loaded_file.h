// The file that a piece of running code was loaded from: the program itself, or a library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace candor::prove {

class LoadedFile {
 public:
  /// The one that holds `code`. errors: IoError
  explicit LoadedFile(const void* code);

  std::span<const std::byte> bytes() const { return bytes_; }
  /// For other programs to open; stays right when the file was replaced on disk.
  const std::string& path() const { return path_; }
  /// From an address in memory to the one that the file has for it.
  std::uint64_t in_file(std::uint64_t address) const { return address - bias_; }
  /// The word that lies in memory now where the file says `address`; nullopt: nothing of it is loaded there.
  std::optional<std::uint64_t> word_at(std::uint64_t address) const;

 private:
  std::string path_;
  std::uint64_t bias_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> loaded_;  // begin, end: readable segments
  std::vector<std::byte> bytes_;
};

}  // namespace candor::prove
