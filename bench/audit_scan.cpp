// candor audit beside the bare loops that bound its scan, measured in one process, alternating.
//   bench_audit_scan [--check] [MEBIBYTES [ROUNDS [FOLDER]]]
// Every round runs everything once, with one thread and right after it with two. Prints medians over the rounds: GB/s,
// and ratios of two times in the same round: to the bare loop in memory with the same threads, one counter for each
// value and nothing else; to the faster of two such loops, with one table and with two in turn (a compiler's placing of
// the loop alone moves either by a third); and of two threads to one. audit() opens, scans and judges; its file is in
// the page cache and mapped anew every round, as it is for the bare loop over the file. The bytes in memory, read() and
// dd of the same file stand beside it. --check fails when audit() has less than 0.85 of the bare loop or 0.8 of the
// faster one, when two threads are less than 1.8 times one, or when both together count bf16 at less than half of dd.
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
#include <vector>

#include "bench/audit_bounds.h"
#include "candor/audit.h"
#include "candor/error.h"
#include "candor/io.h"

namespace {

using namespace candor;
using namespace candor::bench;

double seconds(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
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

struct Call {
  std::string name;
  std::function<void()> run;
};

/// Seconds of each call in each round.
using Times = std::vector<std::vector<double>>;

Times alternate(const std::vector<Call>& calls, const std::vector<std::size_t>& order, int rounds) {
  Times times(calls.size());
  for (int round = 0; round <= rounds; ++round)
    for (const std::size_t i : order)
      if (const double t = seconds(calls[i].run); round > 0) times[i].push_back(t);
  return times;
}

/// How many times as fast `a` is as `b`: the median over the rounds.
double ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (std::size_t r = 0; r < a.size(); ++r) ratios.push_back(b[r] / a[r]);
  return median(ratios);
}

std::vector<double> faster(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  for (std::size_t r = 0; r < a.size(); ++r) out.push_back(std::min(a[r], b[r]));
  return out;
}

using Loop = std::function<void(const std::byte*, std::uint64_t)>;

// Places in a list of calls: kWithThreads of them with one thread, as many with two, then read() and dd.
constexpr std::size_t kOneTable = 0, kTwoTables = 1, kAudit = 3, kWithThreads = 5, kRead = 2 * kWithThreads,
                      kDd = kRead + 1;

/// What --check is about.
struct Measured {
  std::string title;
  double to_plain[2], to_faster[2], two_over_one, of_dd;
};

Measured print(const std::string& title, std::uint64_t bytes, const std::vector<Call>& calls, const Times& times) {
  std::printf("%-24s %20s  %20s  %8s\n", title.c_str(), "1 thread", "2 threads", "2 over 1");
  const auto rate = [&](std::size_t call) { return static_cast<double>(bytes) / median(times[call]) / 1e9; };
  Measured out{title, {}, {}, 0, 0};
  for (std::size_t call = 0; call < kWithThreads; ++call) {
    std::printf("  %-22s", calls[call].name.c_str());
    for (std::size_t t = 0; t < 2; ++t) {
      const std::size_t base = t * kWithThreads;
      const double plain = ratio(times[base + call], times[base + kOneTable]);
      const double fast = ratio(times[base + call], faster(times[base + kOneTable], times[base + kTwoTables]));
      std::printf("  %5.2f GB/s %4.2f %4.2f", rate(base + call), plain, fast);
      if (call == kAudit) out.to_plain[t] = plain, out.to_faster[t] = fast;
    }
    const double both = ratio(times[kWithThreads + call], times[call]);
    std::printf("  %8.2f\n", both);
    if (call == kAudit) out.two_over_one = both;
  }
  for (const std::size_t call : {kRead, kDd})
    std::printf("  %-22s  %5.2f GB/s; audit() with 2 threads has %.2f of it\n", calls[call].name.c_str(), rate(call),
                ratio(times[kWithThreads + kAudit], times[call]));
  out.of_dd = ratio(times[kWithThreads + kAudit], times[kDd]);
  return out;
}

Measured measure(const std::string& title, const std::string& path, int rounds, const Loop& bare, const Loop& in_two) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  const TensorEntry& first = checkpoint.tensors().front();
  const std::byte* data = checkpoint.bytes(first);
  const std::uint64_t bytes = first.nbytes * checkpoint.tensors().size();
  std::vector<std::byte> memory(data, data + bytes);
  std::vector<Call> calls;
  for (const int threads : {1, 2}) {
    calls.push_back({"bare loop, one table", [&, threads] { in_parts(memory.data(), bytes, threads, bare); }});
    calls.push_back({"bare loop, two tables", [&, threads] { in_parts(memory.data(), bytes, threads, in_two); }});
    calls.push_back({"bare loop, file", [&, threads] {
                       in_parts(data, bytes, threads, bare);
                       checkpoint.release_all();
                     }});
    calls.push_back({"audit(), file", [&, threads] { run_audit(path, threads); }});
    calls.push_back({"bare read, memory", [&, threads] { in_parts(memory.data(), bytes, threads, bare_read); }});
  }
  calls.push_back({"read(), file", [&] { read_file(path); }});
  calls.push_back({"dd bs=1M, file", [&] { run_dd(path); }});
  std::vector<std::size_t> order;
  for (std::size_t call = 0; call < kWithThreads; ++call) {
    order.push_back(call);
    order.push_back(kWithThreads + call);
  }
  order.push_back(kRead);
  order.push_back(kDd);
  const Measured out = print(title, bytes, calls, alternate(calls, order, rounds));
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
  for (std::size_t t = 0; t < 2; ++t) {
    floor("the ratio to the bare loop", measured.to_plain[t], 0.85);
    floor("the ratio to the faster bare loop", measured.to_faster[t], 0.8);
  }
  floor("two threads over one", measured.two_over_one, 1.8);
  if (measured.title == "bf16") floor("the part of dd", measured.of_dd, 0.5);
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
