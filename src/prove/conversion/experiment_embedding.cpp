// embedding: rows of a table in any layout, moved in its own dtype and converted as by cast in another.
#include <algorithm>

#include "core/packed.h"
#include "prove/conversion/conversion_experiment.h"

namespace candor::prove {
namespace {

constexpr std::int64_t kTokens = 3;

bool packable(DType dtype) { return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16; }

class EmbeddingExperiment final : public ConversionExperiment {
 public:
  explicit EmbeddingExperiment(const Storage3& storage)
      : ConversionExperiment(ConversionModel(storage.a, storage.out, storage.a == storage.out), storage.seed) {}

 protected:
  std::vector<Moved> convert(const Elements& elements, const KernelRow& row, Stream& stream) const override {
    std::vector<Moved> all;
    Operands memory;
    const std::int64_t last = kTableRows - 1;
    const auto add = [&](const View& table, const std::string& place) {
      const View ids =
          memory.place_i32({kTokens}, {static_cast<std::int32_t>(last), 1, static_cast<std::int32_t>(last)});
      const View y = memory.result(model().to(), {kTokens, table.shape[1]});
      if (launch(row, stream, Embedding{.ids = ids, .table = table, .y = y})) all.push_back({place, units_of(y)});
    };
    add(strided_table(memory, elements, 0), "table");
    add(strided_table(memory, elements, 2), "rows apart");
    if (packable(model().from())) add(packed_table(memory, elements), "packed table");
    return all;
  }

 private:
  static constexpr std::int64_t kTableRows = 19;  // a whole tile and three rows

  /// The source is the second row and the last one; the others are 0xb5.
  View strided_table(Operands& memory, const Elements& elements, std::int64_t gap) const {
    const std::int64_t in_unit = dtype_info(elements.dtype).block_elements, units = elements.units();
    View all = memory.result(elements.dtype, {kTableRows, (units + gap) * in_unit});
    for (const std::int64_t r : {std::int64_t{1}, kTableRows - 1})
      for (std::int64_t i = 0; i < units; ++i) set_unit(all, r * (units + gap) + i, elements.unit(i));
    all.shape[1] = units * in_unit;
    return all;
  }
  View packed_table(Operands& memory, const Elements& elements) const {
    const std::int64_t columns = elements.units();
    const View all = memory.result(elements.dtype, {kTableRows, columns}, Layout::packed_tiles);
    for (const std::int64_t r : {std::int64_t{1}, kTableRows - 1})
      for (std::int64_t c = 0; c < columns; ++c)
        set_unit(all, packed_index(elements.dtype, columns, r, c), elements.unit(c));
    return all;
  }
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Embedding>(const Storage3& storage) {
  return std::make_unique<EmbeddingExperiment>(storage);
}

}  // namespace candor::prove
