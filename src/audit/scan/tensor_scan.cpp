#include "audit/scan/tensor_scan.h"

#include <algorithm>

#include "audit/scan/wide_values.h"
#include "io/checked.h"
#include "io/content_hash.h"
#include "io/element_place.h"

namespace candor::audit_internal {
namespace {

using Kind = ClassWitness::Kind;

constexpr std::uint64_t kSpanBytes = std::uint64_t{8} << 20;   // long beside taking the counters, short beside a file
constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;  // between two looks at whether to stop
// Tensors up to this size stay mapped until their blocks were looked at, wherever in them these are; of a larger one
// each span is let go, and the pages that blocks need come back, a few at a time.
constexpr std::uint64_t kKeptBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kHeadBytes = std::uint64_t{4} << 20;  // at most 4 Mi elements; one worker each may hold it
constexpr std::uint64_t kFewestForBlocks = 256;

bool has_blocks(DType dtype) {
  return dtype == DType::bf16 || dtype == DType::f16 || dtype == DType::f32 || dtype == DType::f64;
}

/// Values on f16's lattice are not looked for beside values that are off it.
ClassMask without_useless(unsigned classes) {
  if ((classes & class_bit(Kind::off_grid)) != 0) classes &= ~unsigned{class_bit(Kind::on_grid)};
  return static_cast<ClassMask>(classes);
}

}  // namespace

TensorScan::TensorScan(const Checkpoint& checkpoint, const TensorEntry& entry)
    : checkpoint_(checkpoint), entry_(entry), samples_(entry.nbytes) {
  counted_ = is_counted(entry.dtype);
  mapped_ = entry.strides.empty() && !entry.compressed;
  elements_ = io::checked_elements(entry.shape).value_or(0);
  element_bytes_ = counted_ ? static_cast<std::uint64_t>(dtype_info(entry.dtype).block_bytes) : 1;
  columns_ = entry.shape.empty() ? 1 : static_cast<std::uint64_t>(entry.shape.back());
  rows_ = entry.shape.size() < 2 || columns_ == 0 ? 0 : elements_ / columns_;
  if (counted_ && mapped_ && entry.nbytes > 0) spans_ = (entry.nbytes - 1) / kSpanBytes + 1;
  remaining_ = spans_;
  sums_.resize(spans_);
  for (std::uint64_t span = 0; counted_ && mapped_ && rows_ > 0 && span < spans_; ++span)
    span_rows_.emplace_back(entry.dtype, columns_, span * (kSpanBytes / element_bytes_));
  if (is_wide(entry.dtype))
    significands_.resize(static_cast<std::size_t>(SignificandCounts::kExponents * SignificandCounts::kZeros));
}

bool TensorScan::scan(std::uint64_t span, SpanCounter& counter, const Tick& tick) {
  if (!mapped_) {
    scan_stream(counter, tick);
  } else if (counted_) {
    scan_mapped(span, counter, tick);
  } else if (entry_.nbytes > 0) {
    samples_.take(checkpoint_.bytes(entry_), 0, entry_.nbytes);
    tick(entry_.nbytes);
  }
  return remaining_.fetch_sub(1) == 1;
}

void TensorScan::scan_mapped(std::uint64_t span, SpanCounter& counter, const Tick& tick) {
  const std::uint64_t first = span * (kSpanBytes / element_bytes_);
  const std::uint64_t elements = std::min(elements_ - first, kSpanBytes / element_bytes_);
  if (elements == 0) return;
  const std::uint64_t offset = first * element_bytes_, piece = kPieceBytes / element_bytes_;
  const std::byte* data = checkpoint_.bytes(entry_) + offset;
  counter.begin(entry_.dtype, elements, fewest_zeros());
  for (std::uint64_t i = 0; i < elements; i += piece) {
    const std::uint64_t n = std::min(piece, elements - i);
    counter.add(data + i * element_bytes_, n);
    tick(n * element_bytes_);
  }
  samples_.take(data, offset, elements * element_bytes_);
  merge(span, counter, data, first, elements);
  if (rows_ > 0) span_rows_[span].add(data, elements);
  if (entry_.nbytes > kKeptBytes) release(offset, elements * element_bytes_);
}

/// Tells the system that these bytes of the tensor are done with, and what a fault maps around them: a huge page at
/// their end may have come back after the next span was released. Who still reads there gets it again.
void TensorScan::release(std::uint64_t offset, std::uint64_t bytes) const {
  constexpr std::uint64_t kAround = std::uint64_t{2} << 20;
  const std::uint64_t begin = entry_.offset + offset;
  TensorEntry part;
  part.file = entry_.file;
  part.offset = begin - std::min(begin, kAround);
  part.nbytes = begin + std::min(bytes + kAround, entry_.nbytes - offset) - part.offset;
  checkpoint_.release(part);
}

void TensorScan::scan_stream(SpanCounter& counter, const Tick& tick) {
  TensorReader reader(checkpoint_, entry_, [&] { tick(0); });
  ZeroRows rows(entry_.dtype, std::max<std::uint64_t>(columns_, 1));
  const bool keep = has_blocks(entry_.dtype) && elements_ >= kFewestForBlocks;
  for (std::uint64_t first = 0;;) {
    const std::span<const std::byte> piece = reader.next(kSpanBytes);
    if (piece.empty()) break;
    const std::uint64_t elements = piece.size() / element_bytes_;
    samples_.take(piece.data(), first * element_bytes_, piece.size());
    if (counted_) {
      counter.begin(entry_.dtype, elements, fewest_zeros());
      counter.add(piece.data(), elements);
      merge(sums_.size() - 1, counter, piece.data(), first, elements);
      if (rows_ > 0) rows.add(piece.data(), elements);
    }
    if (keep && head_.size() < kHeadBytes) {
      const auto n = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(kHeadBytes - head_.size(), piece.size()));
      head_.insert(head_.end(), piece.begin(), piece.begin() + n);
    }
    first += elements;
    tick(piece.size());
  }
  zero_rows_ = rows_ > 0 ? rows.count() : 0;
}

int TensorScan::fewest_zeros() {
  const std::lock_guard lock(mutex_);
  return entry_.dtype == DType::f64 ? patterns_f64_.lowest_open() : patterns_f32_.lowest_open();
}

void TensorScan::merge(std::uint64_t span, SpanCounter& counter, const std::byte* data, std::uint64_t first,
                       std::uint64_t elements) {
  SpanCounts counts = counter.take();
  const bool narrow =
      std::all_of(counts.codes.begin(), counts.codes.end(), [](const auto& key) { return (key.first & 7) == 0; });
  if (is_wide(entry_.dtype) && (counts.wide != 0 || !narrow)) bf16_only_ = false;
  if (const ClassMask mask = possible(counts) & wanted(first); mask != 0)
    add_witnesses(find_witnesses(entry_.dtype, data, elements, first, mask));
  const std::lock_guard lock(mutex_);
  merge_counts(codes_, std::move(counts.codes));
  wide_ += counts.wide;
  values_.zeros += counts.values.zeros;
  values_.infinities += counts.values.infinities;
  values_.nans += counts.values.nans;
  values_.subnormals += counts.values.subnormals;
  for (const auto& [cell, count] : counts.cells) significands_[cell] += count;
  sums_[span] += counts.sum_squares;
  if (counts.wide == 0) return;
  if (entry_.dtype == DType::f32)
    patterns_f32_.add(counter.patterns_f32());
  else
    patterns_f64_.add(counter.patterns_f64());
}

/// Kinds of which eight elements before `first` are not known yet.
ClassMask TensorScan::wanted(std::uint64_t first) {
  const std::lock_guard lock(mutex_);
  unsigned mask = 0;
  for (std::size_t kind = 0; kind < kWitnessKinds; ++kind) {
    const std::vector<ClassWitness>& known = witnesses_[kind];
    if (known.size() < kWitnessesPerKind || known.back().index > first) mask |= 1u << kind;
  }
  return static_cast<ClassMask>(mask);
}

/// Kinds that values with these counts may be of, and that are worth a look.
ClassMask TensorScan::possible(const SpanCounts& counts) {
  unsigned mask = 0;
  if (!is_wide(entry_.dtype)) {
    if (const auto* classes = code_classes(entry_.dtype))
      for (const auto& [code, count] : counts.codes) mask |= (*classes)[code];
    if ((mask & class_bit(Kind::wide)) != 0)
      mask &= ~unsigned{class_bit(Kind::wide)} & ~unsigned{class_bit(Kind::narrow)};
    return without_useless(mask);
  }
  for (const auto& [key, count] : counts.codes) mask |= key_classes(key, entry_.dtype);
  for (const auto& [cell, count] : counts.cells) mask |= cell_classes(cell);
  if (counts.values.infinities != 0) mask |= class_bit(Kind::infinity);
  if (counts.values.nans != 0) mask |= class_bit(Kind::nan);
  if (counts.values.subnormals != 0) mask |= class_bit(Kind::subnormal);
  mask |= span_widths(counts, entry_.dtype);
  // f16's grid means something for bf16 values only.
  if (!bf16_only_) mask &= ~unsigned{class_bit(Kind::off_grid)} & ~unsigned{class_bit(Kind::on_grid)};
  return without_useless(mask);
}

void TensorScan::add_witnesses(const std::vector<ClassWitness>& found) {
  const std::lock_guard lock(mutex_);
  for (const ClassWitness& witness : found) {
    std::vector<ClassWitness>& known = witnesses_[static_cast<std::size_t>(witness.kind)];
    const auto at = std::upper_bound(known.begin(), known.end(), witness.index,
                                     [](std::uint64_t index, const ClassWitness& w) { return index < w.index; });
    known.insert(at, witness);
    if (known.size() > kWitnessesPerKind) known.pop_back();
  }
}

Fingerprint TensorScan::finish(const Tick& tick) {
  Fingerprint out;
  out.name = entry_.name;
  out.file = checkpoint_.files().at(entry_.file);
  out.type_name = checkpoint_.type_name(entry_);
  out.dtype = entry_.dtype;
  out.shape = entry_.shape;
  out.elements = elements_;
  out.offset = entry_.offset;
  out.nbytes = entry_.nbytes;
  out.rows = rows_;
  ZeroRows rows(entry_.dtype, std::max<std::uint64_t>(columns_, 1));
  for (const ZeroRows& span : span_rows_) rows.append(span);
  out.zero_rows = zero_rows_ + rows.count();  // one of them is 0
  codes_.shrink_to_fit();                     // merging left room in it
  if (is_wide(entry_.dtype)) {
    WideTotals totals{std::move(codes_), wide_, values_, std::move(significands_), 0};
    for (const double sum : sums_) totals.sum_squares += sum;
    if (entry_.dtype == DType::f32)
      fill_wide(std::move(totals), patterns_f32_, out);
    else
      fill_wide(std::move(totals), patterns_f64_, out);
  } else if (counted_) {
    out.code_dtype = entry_.dtype;
    out.codes = std::move(codes_);
  }
  examine(out, tick);
  for (std::size_t kind = 0; kind < kWitnessKinds; ++kind)
    if (is_shown(static_cast<Kind>(kind), out))
      out.witnesses.insert(out.witnesses.end(), witnesses_[kind].begin(), witnesses_[kind].end());
  std::stable_sort(out.witnesses.begin(), out.witnesses.end(),
                   [](const ClassWitness& a, const ClassWitness& b) { return a.index < b.index; });
  for (ClassWitness& witness : out.witnesses)
    if (!mapped_) witness.offset = io::offset_in_file(entry_, witness.index);
  out.identity = identity(out);
  return out;
}

/// Off f16's lattice is a class of bf16 values, in whatever dtype; on it says nothing beside one that is off. Width is
/// shown where a part or all is narrow.
bool TensorScan::is_shown(Kind kind, const Fingerprint& out) const {
  if (kind == Kind::off_grid) return !is_wide(entry_.dtype) || out.code_dtype == DType::bf16;
  if (kind == Kind::wide) return !witnesses_[static_cast<std::size_t>(Kind::narrow)].empty();
  if (kind == Kind::narrow && !is_wide(entry_.dtype))
    return std::none_of(out.codes.begin(), out.codes.end(), [&](const auto& code) {
      return width_class(entry_.dtype, code.first) == class_bit(Kind::wide);
    });
  if (kind != Kind::on_grid) return true;
  return out.code_dtype == DType::bf16 && witnesses_[static_cast<std::size_t>(Kind::off_grid)].empty();
}

void TensorScan::examine(Fingerprint& out, const Tick& tick) const {
  if (has_blocks(entry_.dtype) && elements_ >= kFewestForBlocks) examine_slice(out, tick);
  if (mapped_)
    release(0, entry_.nbytes);
  else
    checkpoint_.release(entry_);
}

void TensorScan::examine_slice(Fingerprint& out, const Tick& tick) const {
  TensorSlice slice{mapped_ ? checkpoint_.bytes(entry_) : head_.data(), entry_.dtype, std::max<std::uint64_t>(rows_, 1),
                    columns_};
  if (!mapped_) {
    const std::uint64_t kept = head_.size() / element_bytes_;
    slice.rows = std::max<std::uint64_t>(std::min(slice.rows, kept / columns_), 1);
    slice.columns = std::min(columns_, kept);  // a part of the only row when that is longer
  }
  SampledPages pages([this, &tick](const std::byte* begin, std::uint64_t bytes) {
    tick(0);
    const std::byte* data = checkpoint_.bytes(entry_);
    const std::byte* from = std::max(begin, data);
    release(static_cast<std::uint64_t>(from - data), static_cast<std::uint64_t>(begin + bytes - from));
  });
  if (mapped_ && entry_.nbytes > kKeptBytes) slice.pages = &pages;
  out.blocks = examine_blocks(slice);
  if (out.blocks.first) out.witnesses.push_back({Kind::block, *out.blocks.first, slice.code(0, *out.blocks.first)});
}

std::uint64_t TensorScan::identity(const Fingerprint& out) const {
  io::ContentHash hash;
  const auto add = [&hash](std::uint64_t number) { hash.add(&number, sizeof number); };
  add(static_cast<std::uint64_t>(out.dtype));
  add(out.shape.size());
  for (const std::int64_t extent : out.shape) add(static_cast<std::uint64_t>(extent));
  for (const auto& [code, count] : out.codes) {
    add(code);
    add(count);
  }
  for (std::size_t cell = 0; cell < out.significands.counts.size(); ++cell)
    if (const std::uint64_t count = out.significands.counts[cell]; count != 0) {
      add(cell);
      add(count);
    }
  hash.add(samples_.bytes().data(), samples_.bytes().size());
  return hash.value();
}

}  // namespace candor::audit_internal
