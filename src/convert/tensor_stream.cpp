#include "convert/tensor_stream.h"

#include <algorithm>
#include <cstring>

#include "candor/error.h"
#include "candor/ops.h"
#include "convert/stochastic_rounding.h"
#include "core/storage.h"
#include "io/checked.h"
#include "io/head_rows.h"

namespace candor::convert_internal {
namespace {

constexpr std::uint64_t kPieceBytes = 4u << 20;

std::uint64_t bytes_of(DType dtype, std::int64_t elements) {
  return *dtype_bytes(dtype, static_cast<std::uint64_t>(elements));  // whole blocks: the reader checked the rows
}

/// Gives back the pages of the first `bytes` of the entry.
void release_prefix(const Checkpoint& checkpoint, const TensorEntry& entry, std::uint64_t bytes) {
  TensorEntry read = entry;
  read.nbytes = bytes;
  checkpoint.release(read);
}

/// The values of consecutive elements in the output's dtype.
Tensor converted(const Tensor& before, const TensorPlan& plan, std::uint64_t first_element) {
  if (plan.to == before.dtype()) return before;  // rows that change places, and nothing else
  if (!plan.stochastic_key) return cast(before, plan.to);
  return round_stochastically(before, plan.to, *plan.stochastic_key, first_element);
}

/// Rows of one matrix or vector, for tensors whose rows change places.
class Rows {
 public:
  explicit Rows(const TensorPlan& plan) : dtype_(plan.source.dtype), order_(plan.rows) {
    const std::vector<std::int64_t>& shape = plan.source.shape;
    count_ = shape.front();
    width_ = shape.size() == 1 ? 1 : shape.back();
    head_dim_ = plan.heads > 0 ? count_ / plan.heads : 0;
  }
  std::int64_t count() const { return count_; }
  std::int64_t width() const { return width_; }
  std::int64_t per_piece() const { return std::max<std::int64_t>(1, kPieceElements / width_); }

  void gather(const std::byte* source, std::int64_t first, std::int64_t rows, std::byte* out) const {
    const std::uint64_t row_bytes = bytes_of(dtype_, width_);
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::uint64_t from = static_cast<std::uint64_t>(source_row(order_, first + i, head_dim_)) * row_bytes;
      std::memcpy(out + static_cast<std::uint64_t>(i) * row_bytes, source + from, row_bytes);
    }
  }

 private:
  DType dtype_;
  RowOrder order_;
  std::int64_t count_ = 0, width_ = 0, head_dim_ = 0;
};

/// Elements [first, first + count) of a tensor whose rows stay in place: mapped, or copied when misaligned.
Tensor mapped_piece(const Checkpoint& checkpoint, const Tensor& whole, const TensorEntry& entry, std::int64_t first,
                    std::int64_t count) {
  const std::uint64_t skip = bytes_of(entry.dtype, first);
  if (whole.defined()) return Tensor::from_storage(whole.storage(), skip, Shape{count}, entry.dtype);
  Tensor piece = Tensor::empty(Shape{count}, entry.dtype);
  std::memcpy(piece.data(), checkpoint.bytes(entry) + skip, piece.nbytes());
  return piece;
}

/// Strided or compressed: its bytes do not lie side by side in the file.
bool needs_reader(const TensorEntry& entry) { return entry.compressed || !entry.strides.empty(); }

void stream_read(const Checkpoint& checkpoint, const TensorPlan& plan, const std::atomic<bool>* cancel,
                 const PieceFunction& on_piece) {
  const std::uint64_t most = bytes_of(plan.source.dtype, kPieceElements);
  const std::int64_t item_bytes = dtype_info(plan.source.dtype).block_bytes;  // no blocks in formats that have strides
  std::uint64_t done = 0;                                                     // elements
  TensorReader reader(checkpoint, plan.source);
  for (auto piece = reader.next(most); !piece.empty(); piece = reader.next(most)) {
    throw_if_cancelled(cancel);
    Tensor before = Tensor::empty(Shape{std::ssize(piece) / item_bytes}, plan.source.dtype);
    std::memcpy(before.data(), piece.data(), piece.size());
    on_piece(before, converted(before, plan, done));
    done += static_cast<std::uint64_t>(before.elements());
  }
  checkpoint.release(plan.source);
}

/// The mapped tensor when its elements can be read in place; undefined otherwise.
Tensor in_place(const Checkpoint& checkpoint, const TensorEntry& entry) {
  constexpr std::uint64_t kWidestElement = 8;
  if (entry.offset % kWidestElement != 0 || entry.shape.size() > static_cast<std::size_t>(kMaxRank)) return {};
  return checkpoint.tensor(entry.name);
}

void stream_in_place(const Checkpoint& checkpoint, const TensorPlan& plan, const std::atomic<bool>* cancel,
                     const PieceFunction& on_piece) {
  const std::int64_t elements = static_cast<std::int64_t>(*io::checked_elements(plan.source.shape));
  const Tensor whole = in_place(checkpoint, plan.source);
  for (std::int64_t first = 0; first < elements; first += kPieceElements) {
    throw_if_cancelled(cancel);
    const std::int64_t count = std::min(kPieceElements, elements - first);
    const Tensor before = mapped_piece(checkpoint, whole, plan.source, first, count);
    on_piece(before, converted(before, plan, static_cast<std::uint64_t>(first)));
    release_prefix(checkpoint, plan.source, bytes_of(plan.source.dtype, first + count));
  }
}

/// A matrix or vector whose rows change places. Where the file does not have it side by side, a copy is made.
void stream_rows(const Checkpoint& checkpoint, const TensorPlan& plan, const std::atomic<bool>* cancel,
                 const PieceFunction& on_piece) {
  const Tensor copy = needs_reader(plan.source) ? checkpoint.tensor(plan.source.name) : Tensor();
  const std::byte* source = copy.defined() ? static_cast<const std::byte*>(copy.data()) : checkpoint.bytes(plan.source);
  const Rows rows(plan);
  for (std::int64_t first = 0; first < rows.count(); first += rows.per_piece()) {
    throw_if_cancelled(cancel);
    const std::int64_t count = std::min(rows.per_piece(), rows.count() - first);
    Tensor before = Tensor::empty(Shape{count * rows.width()}, plan.source.dtype);
    rows.gather(source, first, count, static_cast<std::byte*>(before.data()));
    on_piece(before, converted(before, plan, static_cast<std::uint64_t>(first * rows.width())));
  }
  checkpoint.release(plan.source);
}

}  // namespace

void throw_if_cancelled(const std::atomic<bool>* cancel) {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed))
    throw Cancelled("convert: cancelled; temporary files are removed and the output is as it was before");
}

std::int64_t source_row(RowOrder order, std::int64_t row, std::int64_t head_dim) {
  if (order == RowOrder::as_it_is) return row;
  const auto to = static_cast<std::uint64_t>(row), head = static_cast<std::uint64_t>(head_dim);
  return static_cast<std::int64_t>(order == RowOrder::halves ? io::interleaved_row(to, head)
                                                             : io::halves_row(to, head));
}

void stream_tensor(const Checkpoint& checkpoint, const TensorPlan& plan, const std::atomic<bool>* cancel,
                   const PieceFunction& on_piece) {
  if (plan.source.nbytes == 0) return;
  if (plan.rows != RowOrder::as_it_is) return stream_rows(checkpoint, plan, cancel, on_piece);
  if (needs_reader(plan.source)) return stream_read(checkpoint, plan, cancel, on_piece);
  stream_in_place(checkpoint, plan, cancel, on_piece);
}

void stream_bytes(const Checkpoint& checkpoint, const TensorPlan& plan, const std::atomic<bool>* cancel,
                  const std::function<void(const std::byte* bytes, std::uint64_t count)>& on_piece) {
  if (!plan.generated.empty())
    return on_piece(reinterpret_cast<const std::byte*>(plan.generated.data()), plan.generated.size());
  if (plan.rows != RowOrder::as_it_is && plan.source.nbytes > 0) {
    return stream_rows(checkpoint, plan, cancel, [&](const Tensor& before, const Tensor&) {
      on_piece(static_cast<const std::byte*>(before.data()), before.nbytes());
    });
  }
  std::uint64_t done = 0;
  TensorReader reader(checkpoint, plan.source);
  for (auto piece = reader.next(kPieceBytes); !piece.empty(); piece = reader.next(kPieceBytes)) {
    throw_if_cancelled(cancel);
    on_piece(piece.data(), piece.size());
    done += piece.size();
    if (!needs_reader(plan.source)) release_prefix(checkpoint, plan.source, done);
  }
  checkpoint.release(plan.source);
}

}  // namespace candor::convert_internal
