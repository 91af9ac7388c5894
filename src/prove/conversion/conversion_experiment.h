// cast, copy, fill, embedding and pack_tiles: one element in, one element out.
#pragma once

#include <functional>

#include "prove/conversion/conversion_model.h"

namespace candor::prove {

/// What came out in one place: n units, or several times n, each the result of unit i % n of the source.
struct Moved {
  std::string place;
  std::vector<std::byte> bytes;
};

class ConversionExperiment : public Experiment {
 public:
  Questions asked() const override;
  std::vector<Arithmetic> considered(const Storage3&) const override { return considered_; }
  std::size_t size() const override { return canaries_.size(); }
  const Canary& canary(std::size_t i) const override { return canaries_[i].text; }
  Prediction predict(std::size_t i, const Arithmetic& arithmetic) const override;
  std::vector<Result> run(std::size_t i, const KernelRow& row, Stream& stream) const override;

 protected:
  ConversionExperiment(const ConversionModel& model, std::uint64_t seed);
  /// Sends the elements through the row in every place of the op.
  virtual std::vector<Moved> convert(const Elements& elements, const KernelRow& row, Stream& stream) const = 0;
  const ConversionModel& model() const { return model_; }

 private:
  struct Probe {
    Canary text;
    Elements elements;
    enum { alike, counted, nans } kind = alike;  // one value several times; how many of many come out right
  };
  void add_single_probes();
  void add_counted_probes();
  void add_counted(const std::string& name, Elements elements, bool nans);
  void drop_what_nothing_tells(const Values& probes, const std::vector<std::size_t>& chosen);
  Elements repeated(double value, std::int64_t count) const;
  Result count_right(const Elements& elements, const Moved& moved) const;
  void collect_alike(const Moved& moved, std::vector<Result>& results) const;

  ConversionModel model_;
  std::uint64_t seed_;
  std::vector<Arithmetic> considered_;
  std::vector<Probe> canaries_;
};

/// A view of `rows` rows of these units, `gap` other units after each.
View rows_of(Operands& memory, const Elements& elements, std::int64_t rows, std::int64_t gap);
/// Of one row, every second unit in memory. Not for blocks.
View every_second_of(Operands& memory, const Elements& elements);
/// Its transpose: a dimension of units, then one of two, each of which is the source.
View columns_of(Operands& memory, const Elements& elements);
/// The units of a view of rank 1 or 2, row by row.
std::vector<std::byte> units_of(const ConstView& view);
void set_unit(const View& view, std::int64_t index, const std::byte* unit);
const std::byte* unit_at(const ConstView& view, std::int64_t index);

}  // namespace candor::prove
