// cast: every pair of storages, any strides of the operand.
#include "prove/conversion/conversion_experiment.h"

namespace candor::prove {
namespace {

class CastExperiment final : public ConversionExperiment {
 public:
  explicit CastExperiment(const Storage3& storage)
      : ConversionExperiment(ConversionModel(storage.a, storage.out, false), storage.seed) {}

 protected:
  std::vector<Moved> convert(const Elements& elements, const KernelRow& row, Stream& stream) const override {
    std::vector<Moved> all;
    Operands memory;
    const auto add = [&](const View& x, const std::string& place) {
      View y = memory.result(model().to(), std::vector<std::int64_t>(x.shape, x.shape + x.rank));
      if (!launch(row, stream, Cast{.x = x, .y = y})) return;
      if (x.rank == 2 && x.stride[0] == 1) {  // of a transpose, column by column
        std::swap(y.shape[0], y.shape[1]);
        std::swap(y.stride[0], y.stride[1]);
      }
      all.push_back({place, units_of(y)});
    };
    add(rows_of(memory, elements, 1, 0), "one row");
    add(rows_of(memory, elements, 3, 0), "three rows");
    if (dtype_info(model().from()).block_elements > 1) return all;
    add(rows_of(memory, elements, 2, 5), "rows apart");
    add(every_second_of(memory, elements), "every second element");
    if (elements.units() > 1) add(columns_of(memory, elements), "columns");
    return all;
  }
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Cast>(const Storage3& storage) {
  return std::make_unique<CastExperiment>(storage);
}

}  // namespace candor::prove
