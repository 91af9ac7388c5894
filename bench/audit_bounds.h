// What bounds the scan of candor audit: bare loops that count, and reading.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "candor/error.h"

namespace candor::bench {

/// Runs `part` on equal parts of the bytes, one thread each.
inline void in_parts(const std::byte* data, std::uint64_t bytes, int threads,
                     const std::function<void(const std::byte*, std::uint64_t)>& part) {
  const std::uint64_t each = bytes / static_cast<std::uint64_t>(threads) / 64 * 64;
  std::vector<std::thread> workers;
  for (int t = 1; t < threads; ++t)
    workers.emplace_back([&, t] { part(data + static_cast<std::uint64_t>(t) * each, each); });
  part(data, each);
  for (std::thread& worker : workers) worker.join();
}

inline volatile std::uint64_t sink = 0;  // what the compiler must not leave out goes here

// The bounds: each value is loaded and one counter is stored, nothing else.
inline void bare_codes(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> table(65536);
  const auto* codes = reinterpret_cast<const std::uint16_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 2; ++i) ++table[codes[i]];
  sink = sink + table[0x3c00];
}

inline void bare_codes_in_two(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> even(65536), odd(65536);
  const auto* pairs = reinterpret_cast<const std::uint32_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 4; ++i) {
    ++even[pairs[i] & 0xffff];
    ++odd[pairs[i] >> 16];
  }
  sink = sink + even[0x3c00] + odd[0x3c00];
}

inline std::uint32_t cell_of(std::uint32_t bits) {
  return (bits >> 23 & 0xff) << 5 | static_cast<unsigned>(std::countr_zero(bits | 0x800000u));
}

inline void bare_significands(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> table(256 * 32);
  const auto* values = reinterpret_cast<const std::uint32_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 4; ++i) ++table[cell_of(values[i])];
  sink = sink + table[120 * 32];
}

inline void bare_significands_in_two(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> even(256 * 32), odd(256 * 32);
  const auto* pairs = reinterpret_cast<const std::uint64_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 8; ++i) {
    ++even[cell_of(static_cast<std::uint32_t>(pairs[i]))];
    ++odd[cell_of(static_cast<std::uint32_t>(pairs[i] >> 32))];
  }
  sink = sink + even[120 * 32] + odd[120 * 32];
}

inline void bare_read(const std::byte* data, std::uint64_t bytes) {
  const auto* words = reinterpret_cast<const std::uint64_t*>(data);
  std::uint64_t any[8] = {};
  for (std::uint64_t i = 0; i + 8 <= bytes / 8; i += 8)
    for (std::uint64_t k = 0; k < 8; ++k) any[k] |= words[i + k];
  for (const std::uint64_t word : any) sink = sink + word;
}

inline void read_file(const std::string& path) {
  std::vector<char> buffer(std::size_t{1} << 20);
  const int file = ::open(path.c_str(), O_RDONLY);
  while (::read(file, buffer.data(), buffer.size()) > 0) {
  }
  ::close(file);
}

inline void run_dd(const std::string& path) {
  std::vector<std::string> words = {"dd", "if=" + path, "of=/dev/null", "bs=1M", "status=none"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  int status = 1;
  if (::posix_spawnp(&child, "dd", nullptr, nullptr, arguments.data(), nullptr) != 0 ||
      ::waitpid(child, &status, 0) != child || status != 0)
    throw Error("dd could not read " + path);
}

}  // namespace candor::bench
