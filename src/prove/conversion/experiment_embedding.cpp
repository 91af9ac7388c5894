// embedding: rows of a table in any layout, moved in its own dtype and converted as by cast in another.
#include <cstring>

#include "core/packed.h"
#include "prove/conversion/conversion_experiment.h"

namespace candor::prove {
namespace {

constexpr std::int64_t kColumns = 37;
constexpr std::int64_t kTableRows = 19;  // a whole tile and three rows

bool packable(DType dtype) { return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16; }

using Table = std::vector<const Elements*>;  // one row each; nullptr: 0xb5

View strided_table(Operands& memory, const Table& table, std::int64_t gap) {
  const DType dtype = table.back()->dtype;
  const std::int64_t in_unit = dtype_info(dtype).block_elements, units = table.back()->units();
  View all = memory.result(dtype, {kTableRows, (units + gap) * in_unit});
  for (std::int64_t r = 0; r < kTableRows; ++r)
    if (const Elements* row = table[static_cast<std::size_t>(r)])
      for (std::int64_t i = 0; i < units; ++i) set_unit(all, r * (units + gap) + i, row->unit(i));
  all.shape[1] = units * in_unit;
  return all;
}

View packed_table(Operands& memory, const Table& table) {
  const DType dtype = table.back()->dtype;
  const std::int64_t columns = table.back()->units();
  const View all = memory.result(dtype, {kTableRows, columns}, Layout::packed_tiles);
  for (std::int64_t r = 0; r < kTableRows; ++r)
    if (const Elements* row = table[static_cast<std::size_t>(r)])
      for (std::int64_t c = 0; c < columns; ++c) set_unit(all, packed_index(dtype, columns, r, c), row->unit(c));
  return all;
}

/// A canary more: every id of a table whose rows differ.
class EmbeddingExperiment final : public ConversionExperiment {
 public:
  explicit EmbeddingExperiment(const Storage3& storage)
      : ConversionExperiment(ConversionModel(storage.a, storage.out, storage.a == storage.out), storage.seed),
        numbers_(numbers_of(storage.a, storage.out)) {
    for (std::int64_t r = 0; r < kTableRows; ++r) rows_.push_back(row_of(r));
  }

  std::size_t size() const override { return ConversionExperiment::size() + 1; }
  const Canary& canary(std::size_t i) const override { return is_own(i) ? every_id_ : ConversionExperiment::canary(i); }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override {
    if (!is_own(i)) return ConversionExperiment::predict(i, arithmetic);
    return exactly(static_cast<double>(kTableRows * rows_[0].units() * in_unit()));
  }
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override {
    if (!is_own(i)) return ConversionExperiment::run(i, row, stream);
    Table table;
    std::vector<std::int32_t> ids;
    for (std::int64_t r = 0; r < kTableRows; ++r) {
      table.push_back(&rows_[static_cast<std::size_t>(r)]);
      ids.push_back(static_cast<std::int32_t>((11 * r + 3) % kTableRows));
    }
    std::vector<Result> results;
    for (const Moved& y : embedded(table, ids, row, stream))
      results.push_back({y.place, static_cast<double>(count_right(ids, y))});
    return results;
  }

 protected:
  /// The source is the second row and the last one.
  std::vector<Moved> convert(const Elements& elements, const KernelRow& row, Stream& stream) const override {
    Table table(kTableRows, nullptr);
    table[1] = table.back() = &elements;
    const auto last = static_cast<std::int32_t>(kTableRows - 1);
    return embedded(table, {last, 1, last}, row, stream);
  }

 private:
  bool is_own(std::size_t i) const { return i == ConversionExperiment::size(); }
  std::int64_t in_unit() const { return dtype_info(model().from()).block_elements; }

  std::vector<Moved> embedded(const Table& table, const std::vector<std::int32_t>& asked, const KernelRow& row,
                              Stream& stream) const {
    std::vector<Moved> all;
    Operands memory;
    const auto tokens = static_cast<std::int64_t>(asked.size());
    const View ids = memory.place_i32({tokens}, asked);
    const auto add = [&](const View& x, const std::string& place) {
      const View y = memory.result(model().to(), {tokens, x.shape[1]});
      if (launch(row, stream, Embedding{.ids = ids, .table = x, .y = y})) all.push_back({place, units_of(y)});
    };
    add(strided_table(memory, table, 0), "table");
    add(strided_table(memory, table, 2), "rows apart");
    if (packable(model().from())) add(packed_table(memory, table), "packed table");
    return all;
  }

  /// Whole numbers that both dtypes hold, and every format between them.
  static Values numbers_of(DType from, DType to) {
    Values all;
    for (int i = 1; i <= 251; ++i)
      if (holds(from, i) && holds(to, i)) all.push_back(i);
    return all;
  }
  double number(std::int64_t row, std::int64_t unit) const {
    return numbers_[static_cast<std::size_t>(7 * row + unit) % numbers_.size()];
  }
  /// Blocks have one number each.
  Elements row_of(std::int64_t row) const {
    if (!is_block(model().from())) {
      Codes codes;
      for (std::int64_t i = 0; i < kColumns; ++i) codes.push_back(encode(model().from(), number(row, i)));
      return elements_of(model().from(), codes);
    }
    Elements all{model().from(), {}, {}};
    for (std::int64_t i = 0; i < 3; ++i) {
      const Elements block = constant_blocks(model().from(), number(row, i), 1);
      all.bytes.insert(all.bytes.end(), block.bytes.begin(), block.bytes.end());
    }
    return all;
  }

  std::int64_t count_right(const std::vector<std::int32_t>& ids, const Moved& y) const {
    const auto size = static_cast<std::size_t>(element_bytes(model().to()));
    const auto columns = static_cast<std::size_t>(rows_[0].units() * in_unit());
    std::int64_t right = 0;
    for (std::size_t i = 0; i < ids.size() * columns; ++i) {
      std::uint64_t code = 0;
      std::memcpy(&code, y.bytes.data() + i * size, size);
      const auto unit = static_cast<std::int64_t>(i % columns) / in_unit();
      right += value_of_code(model().to(), code) == number(ids[i / columns], unit) ? 1 : 0;
    }
    return right;
  }

  Values numbers_;
  std::vector<Elements> rows_;
  Canary every_id_{
      "every id of a table",
      "a table of 19 rows whose columns (or blocks) hold whole numbers, each row others; the result is how "
      "many elements are right"};
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Embedding>(const Storage3& storage) {
  return std::make_unique<EmbeddingExperiment>(storage);
}

}  // namespace candor::prove
