#include <algorithm>
#include <functional>
#include <optional>

#include "candor/error.h"
#include "io/checked.h"
#include "io/checkpoint_impl.h"
#include "io/refuse.h"
#include "io/strided_gather.h"

namespace candor {

struct TensorReader::Impl {
  std::shared_ptr<const Checkpoint::Impl> checkpoint;  // keeps the file mapped
  TensorEntry entry;
  std::function<void()> tick;
  std::uint64_t left = 0;             // bytes not yet handed out
  std::uint64_t unit = 1;             // bytes that must stay together
  const std::byte* mapped = nullptr;  // side by side in the file
  std::optional<io::InflateStream> inflate;
  std::optional<io::StridedGather> gather;
  std::vector<std::byte> whole;  // a compressed array whose elements must change places
  std::vector<std::byte> piece;

  void start(const TensorEntry& of);
  void start_compressed();
  void start_gather();
  void inflate_to(std::byte* out, std::uint64_t bytes);
  void gather_to(std::byte* out, std::uint64_t bytes);
};

namespace {

// Between two ticks: milliseconds of work, of which a gather's bytes may take more.
constexpr std::uint64_t kInflatedBytes = std::uint64_t{8} << 20, kGatheredBytes = std::uint64_t{1} << 20;

template <class Step>
void in_parts(std::uint64_t bytes, std::uint64_t most, const std::function<void()>& tick, Step&& step) {
  for (std::uint64_t done = 0; done < bytes;) {
    const std::uint64_t part = std::min(bytes - done, most);
    step(done, part);
    done += part;
    if (tick) tick();
  }
}

/// Bytes of one element, or of one block; of a type without a name what its bytes divide into, if that is not absurd.
/// Never 0: NumPy has types of no bytes.
std::uint64_t unit_bytes(const TensorEntry& entry) {
  constexpr std::uint64_t kWidest = 65536;
  if (entry.dtype != DType::any) return static_cast<std::uint64_t>(dtype_info(entry.dtype).block_bytes);
  const std::uint64_t elements = io::checked_elements(entry.shape).value_or(0);
  if (elements == 0 || entry.nbytes == 0 || entry.nbytes % elements != 0) return 1;
  const std::uint64_t bytes = entry.nbytes / elements;
  return bytes <= kWidest || !entry.strides.empty() ? bytes : 1;
}

/// An array that is inflated whole may not be much larger than what the file has of it.
void require_modest(const TensorEntry& entry, std::uint64_t stored_bytes, const std::string& file) {
  constexpr std::uint64_t kTimes = 4, kModest = std::uint64_t{64} << 20;
  if (entry.nbytes <= kModest || entry.nbytes / kTimes <= stored_bytes) return;
  throw FormatError("npz: " + file + ": array " + io::quote(entry.name) + " is compressed and in Fortran order, so " +
                    std::to_string(entry.nbytes) + " bytes would be held for " + std::to_string(stored_bytes) +
                    " of the file: save it in C order, or uncompressed (numpy.savez)");
}

}  // namespace

void TensorReader::Impl::start_compressed() {
  const auto it = checkpoint->deflated.find(entry.name);
  if (it == checkpoint->deflated.end())
    throw FormatError("read: " + checkpoint->files.front() + ": there is no compressed tensor " +
                      io::quote(entry.name));
  const std::byte* file = checkpoint->storages.at(entry.file)->data();
  inflate.emplace(file, it->second.place, checkpoint->files.at(entry.file));
  std::vector<std::byte> header(it->second.skip);
  inflate->read(header.data(), header.size());
  if (!entry.strides.empty()) require_modest(entry, it->second.place.stored_bytes, checkpoint->files.at(entry.file));
}

/// At the first piece: who only asks whether the entry can be read does not wait for all of it.
void TensorReader::Impl::start_gather() {
  if (entry.compressed) {
    whole.resize(entry.nbytes);
    inflate_to(whole.data(), whole.size());
    inflate.reset();
  }
  gather.emplace(entry.compressed ? whole.data() : mapped, entry.shape, entry.strides, unit);
}

void TensorReader::Impl::inflate_to(std::byte* out, std::uint64_t bytes) {
  in_parts(bytes, kInflatedBytes, tick, [&](std::uint64_t at, std::uint64_t part) { inflate->read(out + at, part); });
}

void TensorReader::Impl::gather_to(std::byte* out, std::uint64_t bytes) {
  const std::uint64_t most = std::max(unit, kGatheredBytes / unit * unit);
  in_parts(bytes, most, tick, [&](std::uint64_t at, std::uint64_t part) { gather->take(out + at, part / unit); });
}

void TensorReader::Impl::start(const TensorEntry& of) {
  entry = of;
  left = entry.nbytes;
  unit = unit_bytes(entry);
  if (left == 0) return;
  if (entry.compressed)
    start_compressed();
  else
    mapped = checkpoint->storages.at(entry.file)->data() + entry.offset;
}

TensorReader::TensorReader(const Checkpoint& checkpoint, const TensorEntry& entry, std::function<void()> tick)
    : impl_(std::make_unique<Impl>()) {
  impl_->tick = std::move(tick);
  impl_->checkpoint = checkpoint.impl_;
  impl_->start(entry);
}

TensorReader::~TensorReader() = default;

std::span<const std::byte> TensorReader::next(std::uint64_t max_bytes) {
  Impl& r = *impl_;
  const std::uint64_t wanted = std::max(r.unit, max_bytes / r.unit * r.unit);
  const std::uint64_t bytes = std::min(r.left, wanted);
  if (bytes == 0) return {};
  if (!r.gather && !r.entry.strides.empty()) r.start_gather();
  r.left -= bytes;
  if (!r.inflate && !r.gather) {
    const std::byte* begin = r.mapped;
    r.mapped += bytes;
    return {begin, bytes};
  }
  r.piece.resize(bytes);
  if (r.gather)
    r.gather_to(r.piece.data(), bytes);
  else
    r.inflate_to(r.piece.data(), bytes);
  return r.piece;
}

}  // namespace candor
