// candor audit beside the bare loops that bound its scan, measured in one process, alternating.
//   bench_audit_scan [--check] [MEBIBYTES [ROUNDS [FOLDER]]]
// Prints GB/s (median of the rounds) and two median ratios with the same threads: to the bare loop in memory, one
// counter for each value and nothing else, and to the faster of two such loops, with one table and with two in turn. A
// compiler's placing of the loop alone moves either by a third. audit() opens, scans and judges; its file is in the
// page cache and mapped anew every round, as it is for the bare loop over the file. The bytes in memory and read() of
// the same file stand beside it. --check fails when audit() has less than 0.85 of the bare loop or 0.8 of the faster
// one, when two threads are less than 1.8 times one, or when both together count bf16 at less than
// 0.45 of read(), of which dd reaches 0.7.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "candor/audit.h"
#include "candor/error.h"
#include "candor/io.h"

namespace {

using namespace candor;

double seconds(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Runs `part` on equal parts of the bytes, one thread each.
void in_parts(const std::byte* data, std::uint64_t bytes, int threads,
              const std::function<void(const std::byte*, std::uint64_t)>& part) {
  const std::uint64_t each = bytes / static_cast<std::uint64_t>(threads) / 64 * 64;
  std::vector<std::thread> workers;
  for (int t = 1; t < threads; ++t)
    workers.emplace_back([&, t] { part(data + static_cast<std::uint64_t>(t) * each, each); });
  part(data, each);
  for (std::thread& worker : workers) worker.join();
}

volatile std::uint64_t sink = 0;

// The bounds: each value is loaded and one counter is stored, nothing else.
void bare_codes(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> table(65536);
  const auto* codes = reinterpret_cast<const std::uint16_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 2; ++i) ++table[codes[i]];
  sink = sink + table[0x3c00];
}

void bare_codes_in_two(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> even(65536), odd(65536);
  const auto* pairs = reinterpret_cast<const std::uint32_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 4; ++i) {
    ++even[pairs[i] & 0xffff];
    ++odd[pairs[i] >> 16];
  }
  sink = sink + even[0x3c00] + odd[0x3c00];
}

std::uint32_t cell_of(std::uint32_t bits) {
  return (bits >> 23 & 0xff) << 5 | static_cast<unsigned>(std::countr_zero(bits | 0x800000u));
}

void bare_significands(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> table(256 * 32);
  const auto* values = reinterpret_cast<const std::uint32_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 4; ++i) ++table[cell_of(values[i])];
  sink = sink + table[120 * 32];
}

void bare_significands_in_two(const std::byte* data, std::uint64_t bytes) {
  std::vector<std::uint32_t> even(256 * 32), odd(256 * 32);
  const auto* pairs = reinterpret_cast<const std::uint64_t*>(data);
  for (std::uint64_t i = 0; i < bytes / 8; ++i) {
    ++even[cell_of(static_cast<std::uint32_t>(pairs[i]))];
    ++odd[cell_of(static_cast<std::uint32_t>(pairs[i] >> 32))];
  }
  sink = sink + even[120 * 32] + odd[120 * 32];
}

void bare_read(const std::byte* data, std::uint64_t bytes) {
  const auto* words = reinterpret_cast<const std::uint64_t*>(data);
  std::uint64_t any[8] = {};
  for (std::uint64_t i = 0; i + 8 <= bytes / 8; i += 8)
    for (std::uint64_t k = 0; k < 8; ++k) any[k] |= words[i + k];
  for (const std::uint64_t word : any) sink = sink + word;
}

void read_file(const std::string& path) {
  std::vector<char> buffer(std::size_t{1} << 20);
  const int file = ::open(path.c_str(), O_RDONLY);
  while (::read(file, buffer.data(), buffer.size()) > 0) {
  }
  ::close(file);
}

void run_audit(const std::string& path, int threads) {
  AuditOptions options;
  options.threads = threads;
  sink = sink + audit({path}, options).checkpoints.size();
}

/// Normal values of this spread, the same everywhere.
std::vector<float> normal(std::size_t count, double sigma) {
  constexpr double kTurn = 6.283185307179586;
  std::vector<float> values(count);
  std::uint64_t seed = 1;
  const auto unit = [&seed] {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (static_cast<double>(seed >> 11) + 0.5) * 0x1p-53;
  };
  for (float& value : values) {
    const double radius = std::sqrt(-2 * std::log(unit()));
    value = static_cast<float>(sigma * radius * std::cos(kTurn * unit()));
  }
  return values;
}

/// The upper halves, rounded to nearest, ties to even.
std::vector<std::uint16_t> to_bf16(const std::vector<float>& values) {
  std::vector<std::uint16_t> codes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    codes[i] = static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
  return codes;
}

/// One safetensors file of tensors of 16 Mi elements that repeat the same seeded values.
std::string write_file(const std::string& folder, const char* name, DType dtype, const void* values,
                       std::uint64_t value_bytes, std::uint64_t bytes) {
  std::vector<SafetensorsWriter::Item> items;
  const auto columns =
      static_cast<std::int64_t>(value_bytes / static_cast<std::uint64_t>(dtype_info(dtype).block_bytes)) / 1024;
  for (std::uint64_t i = 0; i < bytes / value_bytes; ++i)
    items.push_back({"t" + std::to_string(i), dtype, {1024, columns}});
  std::string path = folder + "/bench_audit_" + name + ".safetensors";
  SafetensorsWriter writer(path, items, {}, true);
  for (std::size_t i = 0; i < items.size(); ++i) writer.write(values, value_bytes);
  writer.finish();
  return path;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Speed {
  double rate = 0, to_plain = 0, to_faster = 0;  // GB/s; ratios
};

/// Measures all of `calls` in turn, `rounds` times, and prints each beside the first and the faster of the first two.
std::vector<Speed> compare(const std::string& title, std::uint64_t bytes, int rounds,
                           const std::vector<std::pair<std::string, std::function<void()>>>& calls) {
  std::vector<std::vector<double>> times(calls.size());
  for (int round = 0; round <= rounds; ++round)
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (const double t = seconds(calls[i].second); round > 0) times[i].push_back(t);
  std::printf("%s\n", title.c_str());
  std::vector<Speed> speeds;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    std::vector<double> plain, faster;
    for (std::size_t r = 0; r < times[i].size(); ++r) {
      plain.push_back(times[0][r] / times[i][r]);
      faster.push_back(std::min(times[0][r], times[1][r]) / times[i][r]);
    }
    speeds.push_back({static_cast<double>(bytes) / median(times[i]) / 1e9, median(plain), median(faster)});
    const Speed& speed = speeds.back();
    std::printf("  %-24s %6.2f GB/s  %5.2f  %5.2f\n", calls[i].first.c_str(), speed.rate, speed.to_plain,
                speed.to_faster);
  }
  return speeds;
}

using Loop = std::function<void(const std::byte*, std::uint64_t)>;

/// What --check is about: audit() with one thread and with two, and read().
struct Measured {
  std::string title;
  Speed one, two;
  double read = 0;
};

Measured measure(const std::string& title, const std::string& path, int rounds, const Loop& bare, const Loop& in_two) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  const TensorEntry& first = checkpoint.tensors().front();
  const std::byte* data = checkpoint.bytes(first);
  const std::uint64_t bytes = first.nbytes * checkpoint.tensors().size();
  std::vector<std::byte> memory(data, data + bytes);
  Measured out{title, {}, {}, 0};
  for (const int threads : {1, 2}) {
    const std::vector<Speed> speeds =
        compare(title + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"), bytes, rounds,
                {{"bare loop, one table", [&] { in_parts(memory.data(), bytes, threads, bare); }},
                 {"bare loop, two tables", [&] { in_parts(memory.data(), bytes, threads, in_two); }},
                 {"bare loop, file",
                  [&] {
                    in_parts(data, bytes, threads, bare);
                    checkpoint.release_all();
                  }},
                 {"audit(), file", [&] { run_audit(path, threads); }},
                 {"read(), one thread", [&] { read_file(path); }},
                 {"bare read, memory", [&] { in_parts(memory.data(), bytes, threads, bare_read); }}});
    (threads == 1 ? out.one : out.two) = speeds[3];
    out.read = speeds[4].rate;
  }
  std::remove(path.c_str());
  return out;
}

/// Prints what is below its floor; true when nothing is.
bool check(const Measured& measured) {
  bool good = true;
  const auto floor = [&](const char* what, double value, double least) {
    if (value >= least) return;
    std::printf("%s: %s is %.2f, the floor %.2f\n", measured.title.c_str(), what, value, least);
    good = false;
  };
  for (const Speed& speed : {measured.one, measured.two}) {
    floor("the ratio to the bare loop", speed.to_plain, 0.85);
    floor("the ratio to the faster bare loop", speed.to_faster, 0.8);
  }
  floor("two threads over one", measured.two.rate / measured.one.rate, 1.8);
  if (measured.title == "bf16") floor("the part of read()", measured.two.rate / measured.read, 0.45);
  return good;
}

std::vector<Measured> measure_all(const std::string& folder, std::uint64_t bytes, int rounds) {
  constexpr std::size_t kValues = std::size_t{16} << 20;
  const std::vector<float> values = normal(kValues, 0.02);
  const std::vector<std::uint16_t> codes = to_bf16(values);
  std::vector<float> widened(kValues);
  for (std::size_t i = 0; i < kValues; ++i) widened[i] = std::bit_cast<float>(std::uint32_t{codes[i]} << 16);
  return {measure("bf16", write_file(folder, "bf16", DType::bf16, codes.data(), kValues * 2, bytes), rounds, bare_codes,
                  bare_codes_in_two),
          measure("f32", write_file(folder, "f32", DType::f32, values.data(), kValues * 4, bytes), rounds,
                  bare_significands, bare_significands_in_two),
          measure("f32 that was bf16", write_file(folder, "wide", DType::f32, widened.data(), kValues * 4, bytes),
                  rounds, bare_significands, bare_significands_in_two)};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool wants_check = !words.empty() && words.front() == "--check";
  if (wants_check) words.erase(words.begin());
  try {
    const std::uint64_t mebibytes = !words.empty() ? std::strtoull(words[0].c_str(), nullptr, 10) : 512;
    const int rounds = words.size() > 1 ? std::atoi(words[1].c_str()) : 9;
    if (mebibytes < 64 || rounds < 1) throw Error("at least 64 MEBIBYTES and 1 of ROUNDS are needed");
    const std::string folder = words.size() > 2 ? words[2] : std::filesystem::temp_directory_path().string();
    bool good = true;
    for (const Measured& measured : measure_all(folder, mebibytes << 20, rounds))
      if (wants_check) good = check(measured) && good;
    return good ? 0 : 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "bench_audit_scan: %s\n", error.what());
    return 1;
  }
}
