// fill: one f64, which is no tensor's, to any dtype. Integers: the nearest one; NaN and what is too large are not
// asked.
#include <cstring>

#include "prove/conversion/conversion_experiment.h"

namespace candor::prove {
namespace {

class FillExperiment final : public ConversionExperiment {
 public:
  explicit FillExperiment(const Storage3& storage)
      : ConversionExperiment(ConversionModel(DType::f64, storage.out, storage.out == DType::f64), storage.seed) {}

 protected:
  std::vector<Moved> convert(const Elements& elements, const KernelRow& row, Stream& stream) const override {
    const std::int64_t n = elements.units();
    const bool alike = std::memcmp(elements.unit(0), elements.unit(n - 1), sizeof(double)) == 0;
    return alike ? in_every_place(elements, row, stream) : one_by_one(elements, row, stream);
  }

 private:
  static double value_of(const Elements& elements, std::int64_t i) {
    double value = 0;
    std::memcpy(&value, elements.unit(i), sizeof value);
    return value;
  }

  std::vector<Moved> in_every_place(const Elements& elements, const KernelRow& row, Stream& stream) const {
    std::vector<Moved> all;
    Operands memory;
    const std::int64_t n = elements.units();
    const auto add = [&](const View& y, const std::string& place) {
      if (launch(row, stream, Fill{.y = y, .value = value_of(elements, 0)})) all.push_back({place, units_of(y)});
    };
    add(memory.result(model().to(), {n}), "contiguous");
    View spaced = memory.result(model().to(), {2 * n});
    spaced.shape[0] = n;
    spaced.stride[0] = 2;
    add(spaced, "every second element");
    View rows = memory.result(model().to(), {3, n + 5});
    rows.shape[1] = n;
    add(rows, "rows apart");
    return all;
  }

  std::vector<Moved> one_by_one(const Elements& elements, const KernelRow& row, Stream& stream) const {
    Moved all{"three elements of each", {}};
    const auto bytes = static_cast<std::size_t>(element_bytes(model().to()));
    const std::int64_t n = elements.units();
    all.bytes.resize(static_cast<std::size_t>(3 * n) * bytes);
    Operands memory;
    const View y = memory.result(model().to(), {3});
    for (std::int64_t i = 0; i < n; ++i) {
      std::memset(y.as<std::byte>(), 0xb5, 3 * bytes);
      if (!launch(row, stream, Fill{.y = y, .value = value_of(elements, i)})) return {};
      for (std::int64_t t = 0; t < 3; ++t)
        std::memcpy(all.bytes.data() + static_cast<std::size_t>(t * n + i) * bytes, unit_at(y, t), bytes);
    }
    return {all};
  }
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Fill>(const Storage3& storage) {
  return std::make_unique<FillExperiment>(storage);
}

}  // namespace candor::prove
