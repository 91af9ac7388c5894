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

/// The source is rows 1 and 18; the others are 0xb5. One canary more: what fills the last tile.
class PackTilesExperiment final : public ConversionExperiment {
 public:
  explicit PackTilesExperiment(const Storage3& storage)
      : ConversionExperiment(ConversionModel(storage.a, storage.out, true), storage.seed) {}

  std::size_t size() const override { return ConversionExperiment::size() + 1; }
  const Canary& canary(std::size_t i) const override {
    return i < ConversionExperiment::size() ? ConversionExperiment::canary(i) : padding_;
  }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    return i < ConversionExperiment::size() ? ConversionExperiment::predict(i, arithmetic) : exactly(0);
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    if (i < ConversionExperiment::size()) return ConversionExperiment::run(i, row, stream);
    Operands memory;
    const Elements ones = elements_of(model().from(), Codes(kPaddedColumns, encode(model().from(), 1)));
    const View x = rows_of(memory, ones, kPackedRows, 0);
    const View y = memory.result(model().to(), {kPackedRows, kPaddedColumns}, Layout::packed_tiles);
    if (!launch(row, stream, PackTiles{.x = x, .y = y})) return {};
    const std::int64_t elements = packed_tiles(kPackedRows) * packed_tile_stride(y.dtype, kPaddedColumns);
    std::int64_t others = -kPackedRows * kPaddedColumns;  // besides the ones
    for (std::int64_t at = 0; at < elements; ++at) others += code_at(y, at) != 0 ? 1 : 0;
    return {{"", static_cast<double>(others)}};
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
  static constexpr std::int64_t kPaddedColumns = 37;
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
