#include "prove/conversion/conversion_experiment.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "prove/canary_search.h"
#include "prove/conversion/conversion_probes.h"
#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

std::string hexadecimal(const std::byte* bytes, int size) {
  std::uint64_t code = 0;
  std::memcpy(&code, bytes, static_cast<std::size_t>(std::min(size, 8)));
  char text[32];
  std::snprintf(text, sizeof text, "0x%0*llx", 2 * std::min(size, 8), static_cast<unsigned long long>(code));
  return text;
}

/// "1 + 2^-8 + 2^-16" where that is all; otherwise as text_of().
std::string name_of(double value) {
  std::string text = value < 0 ? "-(" : "";
  double left = std::fabs(value);
  for (int terms = 0; terms < 4 && std::isfinite(left) && left != 0; ++terms) {
    const double power = std::ldexp(1.0, std::ilogb(left));
    text += (terms == 0 ? "" : " + ") + text_of(power);
    left -= power;
  }
  return left != 0 || text_of(value).size() < 7 ? text_of(value) : value < 0 ? text + ")" : text;
}

}  // namespace

ConversionExperiment::ConversionExperiment(const ConversionModel& model, std::uint64_t seed)
    : model_(model), seed_(seed), considered_(model.combinations()) {
  add_single_probes();
  add_counted_probes();
}

Questions ConversionExperiment::asked() const {
  Questions asked = 0;
  for (const Question question : {kBeforeOut, kRounding, kSubnormals, kNan})
    for (const Arithmetic& other : considered_)
      if (answer(other, question) != answer(Arithmetic{}, question)) asked |= question;
  return asked;
}

Prediction ConversionExperiment::predict(std::size_t i, const Arithmetic& arithmetic) const {
  const Probe& probe = canaries_[i];
  if (probe.kind == Probe::nans && model_.moves() && arithmetic.before_out != DType::any)  // which may make them quiet
    return {0, static_cast<double>(probe.elements.values.size())};
  if (probe.kind == Probe::nans) return nans_kept(arithmetic, probe.elements.values.size());
  return probe.kind == Probe::counted ? model_.right(probe.elements, arithmetic)
                                      : model_.result(probe.elements.values[0], arithmetic);
}

std::vector<Result> ConversionExperiment::run(std::size_t i, const KernelRow& row, Stream& stream) const {
  const Probe& probe = canaries_[i];
  std::vector<Result> results;
  for (const Moved& moved : convert(probe.elements, row, stream)) {
    if (probe.kind != Probe::alike)
      results.push_back(count_right(probe.elements, moved));
    else
      collect_alike(moved, results);
  }
  if (probe.kind == Probe::alike)
    for (const Moved& moved : convert(repeated(probe.elements.values[0].value, 1), row, stream))
      collect_alike({"alone: " + moved.place, moved.bytes}, results);
  return results;
}

/// The first value, and the first one that is unlike it.
void ConversionExperiment::collect_alike(const Moved& moved, std::vector<Result>& results) const {
  const auto size = static_cast<std::size_t>(element_bytes(model_.to()));
  const auto value_at = [&](std::size_t at) {
    std::uint64_t code = 0;
    std::memcpy(&code, moved.bytes.data() + at, size);
    return value_of_code(model_.to(), code);
  };
  results.push_back({moved.place, value_at(0)});
  for (std::size_t at = size; at < moved.bytes.size(); at += size)
    if (std::memcmp(moved.bytes.data(), moved.bytes.data() + at, size) != 0)
      return results.push_back({moved.place + ", element " + std::to_string(at / size), value_at(at)});
}

Result ConversionExperiment::count_right(const Elements& elements, const Moved& moved) const {
  const auto count = static_cast<std::int64_t>(elements.values.size());
  const int size = element_bytes(model_.to());
  const auto times = static_cast<std::int64_t>(moved.bytes.size()) / size / count;
  std::int64_t right = 0;
  std::string first;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte* wrong = nullptr;
    for (std::int64_t t = 0; t < times && wrong == nullptr; ++t) {
      const std::byte* bytes = moved.bytes.data() + (t * count + i) * size;
      if (!model_.is_right(elements, i, bytes)) wrong = bytes;
    }
    right += wrong == nullptr ? 1 : 0;
    if (wrong == nullptr || !first.empty()) continue;
    const std::int64_t unit = i * elements.units() / count;  // of elements in blocks: the block
    first = "; the first that did not: " + hexadecimal(elements.unit(unit), element_bytes(elements.dtype)) + " gave " +
            hexadecimal(wrong, size);
  }
  return {moved.place + first, static_cast<double>(right)};
}

Elements ConversionExperiment::repeated(double value, std::int64_t count) const {
  if (is_block(model_.from())) return constant_blocks(model_.from(), value, std::min<std::int64_t>(count, 3));
  return elements_of(model_.from(), Codes(static_cast<std::size_t>(count), encode(model_.from(), value)));
}

/// Numbers that come out differently under two hypotheses.
void ConversionExperiment::add_single_probes() {
  if (model_.moves() && !is_floating(model_.from())) return;
  const auto element = [&](double value) { return repeated(value, 1).values[0]; };
  std::vector<Element> elements;
  const Values probes = conversion_probes(model_.from(), model_.to());
  for (const double value : probes) elements.push_back(element(value));
  std::vector<Arithmetic> with_nan_kept = considered_;
  std::erase_if(with_nan_kept, [](const Arithmetic& a) { return a.loses_nan; });
  const auto chosen = telling_candidates(
      probes.size(), with_nan_kept, [&](std::size_t i, const Arithmetic& a) { return model_.result(elements[i], a); });
  drop_what_nothing_tells(probes, chosen);
  std::vector<std::size_t> kept = chosen;
  for (std::size_t i = 0; i < probes.size(); ++i) {  // whatever they tell
    const bool wanted = (probes[i] == 0 && std::signbit(probes[i])) || std::isinf(probes[i]) || probes[i] == 1;
    if (wanted && std::find(kept.begin(), kept.end(), i) == kept.end() && kept.size() < chosen.size() + 4)
      kept.push_back(i);
  }
  for (const std::size_t i : kept)
    canaries_.push_back(
        {{name_of(probes[i]), "x = " + text_of(probes[i])}, repeated(probes[i], kColumns), Probe::alike});
}

/// Of hypotheses that give the same for every probe the simplest stays: of formats of up to 16 bits the probes are all
/// there is, and for the others they hold every kind of tie.
void ConversionExperiment::drop_what_nothing_tells(const Values& probes, const std::vector<std::size_t>& chosen) {
  std::vector<Element> elements;
  for (const std::size_t i : chosen) elements.push_back(repeated(probes[i], 1).values[0]);
  std::vector<Arithmetic> told;
  for (const Arithmetic& a : considered_) {
    const bool twin = std::any_of(told.begin(), told.end(), [&](const Arithmetic& b) {
      if (a.loses_nan != b.loses_nan) return false;
      return std::none_of(elements.begin(), elements.end(), [&](const Element& element) {
        return disjoint(model_.result(element, a), model_.result(element, b));
      });
    });
    if (!twin) told.push_back(a);
  }
  considered_ = told;
}

void ConversionExperiment::add_counted(const std::string& name, Elements elements, bool nans) {
  const std::string count = std::to_string(elements.values.size());
  canaries_.push_back({{name, count + " of them; the result is how many come out right"},
                       std::move(elements),
                       nans ? Probe::nans : Probe::counted});
}

void ConversionExperiment::add_counted_probes() {
  const DType from = model_.from();
  if (is_block(from)) {
    add_counted("blocks with a NaN for a scale", counted_blocks(from, BlockScales::nan, model_.moves()), true);
    add_counted("blocks with a subnormal scale", counted_blocks(from, BlockScales::subnormal, model_.moves()), false);
    add_counted("blocks with every quant", counted_blocks(from, BlockScales::ordinary, model_.moves()), false);
    return;
  }
  if (is_floating(from) && is_floating(model_.to()))
    add_counted("NaNs of " + std::string(dtype_name(from)), elements_of(from, nan_codes_of(from)), true);
  for (const CodeClass& codes : code_classes(from, model_.to(), seed_))
    add_counted(codes.name, elements_of(from, codes.codes), false);
}

namespace {

/// The units of a row, `step` apart in memory; what lies between them is 0xb5.
void put_row(const View& all, const Elements& elements, std::int64_t first, std::int64_t step) {
  for (std::int64_t i = 0; i < elements.units(); ++i) set_unit(all, first + i * step, elements.unit(i));
}

}  // namespace

View rows_of(Operands& memory, const Elements& elements, std::int64_t rows, std::int64_t gap) {
  const std::int64_t unit = dtype_info(elements.dtype).block_elements, units = elements.units();
  View all = memory.result(elements.dtype, {rows, (units + gap) * unit});
  for (std::int64_t r = 0; r < rows; ++r) put_row(all, elements, r * (units + gap), 1);
  all.shape[1] = units * unit;
  return all;
}

View every_second_of(Operands& memory, const Elements& elements) {
  View all = memory.result(elements.dtype, {2 * elements.units()});
  put_row(all, elements, 0, 2);
  all.shape[0] = elements.units();
  all.stride[0] = 2;
  return all;
}

View columns_of(Operands& memory, const Elements& elements) {
  View all = rows_of(memory, elements, 2, 3);
  std::swap(all.shape[0], all.shape[1]);
  std::swap(all.stride[0], all.stride[1]);
  return all;
}

const std::byte* unit_at(const ConstView& view, std::int64_t index) {
  return view.as<std::byte>() + index * element_bytes(view.dtype);
}

void set_unit(const View& view, std::int64_t index, const std::byte* unit) {
  std::memcpy(view.as<std::byte>() + index * element_bytes(view.dtype), unit,
              static_cast<std::size_t>(element_bytes(view.dtype)));
}

std::vector<std::byte> units_of(const ConstView& view) {
  const std::int64_t in_unit = dtype_info(view.dtype).block_elements;
  const std::int64_t rows = view.rank == 2 ? view.shape[0] : 1, units = view.shape[view.rank - 1] / in_unit;
  std::vector<std::byte> bytes;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < units; ++i) {
      const std::int64_t row = view.rank == 2 ? r * view.stride[0] / in_unit : 0;
      const std::byte* unit = unit_at(view, row + i * view.stride[view.rank - 1]);
      bytes.insert(bytes.end(), unit, unit + element_bytes(view.dtype));
    }
  return bytes;
}

}  // namespace candor::prove
