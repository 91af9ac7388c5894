// copy and pack_tiles: bits move.
#include <algorithm>

#include "core/packed.h"
#include "prove/conversion/conversion_experiment.h"

namespace candor::prove {
namespace {

class CopyExperiment final : public ConversionExperiment {
 public:
  explicit CopyExperiment(const Storage3& storage)
      : ConversionExperiment(ConversionModel(storage.a, storage.out, true), storage.seed) {}

 protected:
  std::vector<Moved> convert(const Elements& elements, const KernelRow& row, Stream& stream) const override {
    std::vector<Moved> all;
    Operands memory;
    const DType dtype = model().from();
    const auto add = [&](const View& x, View y, bool columns, const std::string& place) {
      std::copy_n(x.shape, x.rank, y.shape);
      if (!launch(row, stream, Copy{.x = x, .y = y})) return;
      if (columns) {
        std::swap(y.shape[0], y.shape[1]);
        std::swap(y.stride[0], y.stride[1]);
      }
      all.push_back({place, units_of(y)});
    };
    const std::int64_t n = elements.units() * dtype_info(dtype).block_elements;
    const std::int64_t gap = dtype_info(dtype).block_elements;
    add(rows_of(memory, elements, 1, 0), memory.result(dtype, {1, n}), false, "one row");
    add(rows_of(memory, elements, 3, 2), memory.result(dtype, {3, n + gap}), false, "rows apart");
    if (gap > 1) return all;
    const auto spaced = [&] {
      View y = memory.result(dtype, {2 * n});
      y.stride[0] = 2;
      return y;
    };
    add(every_second_of(memory, elements), memory.result(dtype, {n}), false, "every second element, gathered");
    add(every_second_of(memory, elements), spaced(), false, "every second element");
    if (n > 1) add(columns_of(memory, elements), memory.result(dtype, {n, 2}), true, "columns");
    return all;
  }
};

constexpr std::int64_t kPackedRows = 19;  // a whole tile and three rows

/// The source is rows 1 and 18; the others are 0xb5. Two canaries more: where each element goes, and what fills the
/// last tile.
class PackTilesExperiment final : public ConversionExperiment {
 public:
  explicit PackTilesExperiment(const Storage3& storage)
      : ConversionExperiment(ConversionModel(storage.a, storage.out, true), storage.seed) {}

  std::size_t size() const override { return ConversionExperiment::size() + 2; }
  const Canary& canary(std::size_t i) const override {
    if (i < ConversionExperiment::size()) return ConversionExperiment::canary(i);
    return i == ConversionExperiment::size() ? placing_ : padding_;
  }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    if (i < ConversionExperiment::size()) return ConversionExperiment::predict(i, arithmetic);
    return exactly(i == ConversionExperiment::size() ? kPackedRows * kColumns : 0);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    if (i < ConversionExperiment::size()) return ConversionExperiment::run(i, row, stream);
    return i == ConversionExperiment::size() ? run_placing(row, stream) : run_padding(row, stream);
  }

 protected:
  std::vector<Moved> convert(const Elements& elements, const KernelRow& row, Stream& stream) const override {
    std::vector<Moved> all;
    const std::int64_t columns = elements.units();
    for (const std::int64_t gap : {0, 3}) {
      Operands memory;
      View x = memory.result(model().from(), {kPackedRows, columns + gap});
      for (const std::int64_t r : {std::int64_t{1}, kPackedRows - 1})
        for (std::int64_t c = 0; c < columns; ++c) set_unit(x, r * (columns + gap) + c, elements.unit(c));
      x.shape[1] = columns;
      const View y = memory.result(model().to(), {kPackedRows, columns}, Layout::packed_tiles);
      if (!launch(row, stream, PackTiles{.x = x, .y = y})) continue;
      Moved moved{gap == 0 ? "19 rows" : "19 rows apart", {}};
      for (const std::int64_t r : {std::int64_t{1}, kPackedRows - 1})
        for (std::int64_t c = 0; c < columns; ++c) {
          const std::byte* unit = unit_at(y, packed_index(y.dtype, columns, r, c));
          moved.bytes.insert(moved.bytes.end(), unit, unit + element_bytes(y.dtype));
        }
      all.push_back(std::move(moved));
    }
    return all;
  }

 private:
  static constexpr std::int64_t kColumns = 37;

  std::vector<Result> run_placing(const KernelRow& row, Stream& stream) const {
    std::vector<Result> results;
    for (const std::int64_t gap : {0, 3}) {
      Operands memory;
      View x = memory.result(model().from(), {kPackedRows, kColumns + gap});
      const auto code = [&](std::int64_t r, std::int64_t c) {
        return encode(model().from(), static_cast<double>(1 + (kColumns * r + c) % 251));
      };
      for (std::int64_t r = 0; r < kPackedRows; ++r)
        for (std::int64_t c = 0; c < kColumns; ++c) set_code(x, r * (kColumns + gap) + c, code(r, c));
      x.shape[1] = kColumns;
      const View y = memory.result(model().to(), {kPackedRows, kColumns}, Layout::packed_tiles);
      if (!launch(row, stream, PackTiles{.x = x, .y = y})) continue;
      std::int64_t right = 0;
      for (std::int64_t r = 0; r < kPackedRows; ++r)
        for (std::int64_t c = 0; c < kColumns; ++c)
          right += code_at(y, packed_index(y.dtype, kColumns, r, c)) == code(r, c) ? 1 : 0;
      results.push_back({gap == 0 ? "19 rows" : "19 rows apart", static_cast<double>(right)});
    }
    return results;
  }

  std::vector<Result> run_padding(const KernelRow& row, Stream& stream) const {
    Operands memory;
    const Elements ones = elements_of(model().from(), Codes(kColumns, encode(model().from(), 1)));
    const View x = rows_of(memory, ones, kPackedRows, 0);
    const View y = memory.result(model().to(), {kPackedRows, kColumns}, Layout::packed_tiles);
    if (!launch(row, stream, PackTiles{.x = x, .y = y})) return {};
    const std::int64_t elements = packed_tiles(kPackedRows) * packed_tile_stride(y.dtype, kColumns);
    std::int64_t others = -kPackedRows * kColumns;  // besides the ones
    for (std::int64_t at = 0; at < elements; ++at) others += code_at(y, at) != 0 ? 1 : 0;
    return {{"", static_cast<double>(others)}};
  }

  Canary placing_{"where elements go",
                  "x[r, c] = 1 + (37 r + c) mod 251, [19, 37]; the result is how many are in their place"};
  Canary padding_{"what fills the last tile",
                  "x = 1, [19, 37]; the result is how many elements of the padding are not zero"};
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Copy>(const Storage3& storage) {
  return std::make_unique<CopyExperiment>(storage);
}
template <>
std::unique_ptr<Experiment> make_experiment<PackTiles>(const Storage3& storage) {
  return std::make_unique<PackTilesExperiment>(storage);
}

}  // namespace candor::prove
