#include "audit/judge/witnesses.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>

#include "audit/code_value.h"
#include "audit/element_position.h"
#include "audit/judge/narrow_formats.h"
#include "audit/scan/value_class.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

using Kind = ClassWitness::Kind;

constexpr double kJustAbove = 65536;

/// The format that a verdict finds in a wider container; nullptr: it names none.
const NarrowFormat* format_in(std::string_view sub) {
  const std::size_t end = sub.find("-in-");
  if (end == std::string_view::npos) return nullptr;
  const std::string_view name = sub.substr(0, end) == "f16-or-tf32" ? "tf32" : sub.substr(0, end);
  for (const NarrowFormat& format : narrow_formats())
    if (format.name == name) return &format;
  return nullptr;
}

bool holds(const NarrowFormat& format, double value) {
  const double magnitude = std::fabs(value);
  return std::isnormal(magnitude) && format.holds(magnitude_of(magnitude));
}

class Naming {
 public:
  Naming(const Fingerprint& tensor, AuditVerdict verdict, std::string_view sub)
      : tensor_(tensor), verdict_(verdict), format_(format_in(sub)) {}

  bool shows(const ClassWitness& w) const {
    const bool mixed = verdict_ == AuditVerdict::mixed;
    switch (w.kind) {
      case Kind::on_grid:
        return verdict_ == AuditVerdict::f16_grid || mixed;
      case Kind::block:
        return verdict_ == AuditVerdict::dequantised || mixed;
      case Kind::narrow:
        if (format_ == nullptr) return false;
        return mixed ? is_short(w) : verdict_ == AuditVerdict::widened && holds(*format_, value(w));
      case Kind::wide:
        return format_ != nullptr && mixed && !is_short(w);
      case Kind::nan:
      case Kind::infinity:
        return true;
      default:  // of values that the label does not mean, no class says anything
        return verdict_ != AuditVerdict::mislabelled;
    }
  }

  std::string text(Kind kind) const {
    switch (kind) {
      case Kind::off_grid:
        return verdict_ == AuditVerdict::truncated ? "off f16's lattice: it was not f16 that was cut off"
                                                   : "off f16's lattice";
      case Kind::above_f16:
        return "above f16's range";
      case Kind::at_65536:
        return "65536: what f16's largest values become";
      case Kind::subnormal:
        return "subnormal";
      case Kind::infinity:
        return "infinity";
      case Kind::on_grid:
        return "on f16's lattice, where bf16 is finer";
      case Kind::block:
        return "a block that fits begins here";
      case Kind::narrow:
        if (verdict_ == AuditVerdict::widened) return std::string("a value of ").append(format_->name);
        return std::string("a significand of at most ").append(std::to_string(format_->significand)).append(" bits");
      case Kind::wide:
        return std::string("a significand of more than ").append(std::to_string(format_->significand)).append(" bits");
      case Kind::nan:
        break;
    }
    return "NaN";
  }

  double value(const ClassWitness& w) const { return code_value(tensor_.dtype, w.code); }

 private:
  /// What a mixture's verdict counts.
  bool is_short(const ClassWitness& w) const {
    const double magnitude = std::fabs(value(w));
    return std::isnormal(magnitude) && magnitude_of(magnitude).length() <= format_->significand;
  }

  const Fingerprint& tensor_;
  AuditVerdict verdict_;
  const NarrowFormat* format_;
};

/// First what only a finding makes worth a look: a block before what lies in it, values of the format that it names
/// before those that are none.
int rank(Kind kind) {
  constexpr std::array kFirst = {Kind::block, Kind::narrow, Kind::wide, Kind::on_grid};
  const auto* const found = std::find(kFirst.begin(), kFirst.end(), kind);
  return static_cast<int>(found - kFirst.begin()) + (found == kFirst.end() ? static_cast<int>(kind) : 0);
}

/// An element that is of several classes is named once, by the one that says most: ±65536 rather than "above f16's
/// range", else the first.
void name_once(DType dtype, std::vector<ClassWitness>& ordered) {
  std::erase_if(ordered, [&](const ClassWitness& w) {
    return w.kind == Kind::above_f16 && std::fabs(code_value(dtype, w.code)) == kJustAbove;
  });
  std::set<std::uint64_t> named;
  std::erase_if(ordered, [&](const ClassWitness& w) { return !named.insert(w.index).second; });
}

double through_f16(double x) { return static_cast<double>(f16_bits_to_f32(f64_to_f16_bits(x))); }

}  // namespace

std::vector<AuditWitness> name_witnesses(const Fingerprint& tensor, AuditVerdict verdict, std::string_view sub) {
  constexpr std::size_t kMost = 8;
  const Naming naming(tensor, verdict, sub);
  std::vector<ClassWitness> ordered = tensor.witnesses;
  std::erase_if(ordered, [&](const ClassWitness& w) { return !naming.shows(w); });
  const auto is = [](Kind kind) { return [kind](const ClassWitness& w) { return w.kind == kind; }; };
  if (std::none_of(ordered.begin(), ordered.end(), is(Kind::narrow))) std::erase_if(ordered, is(Kind::wide));
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const ClassWitness& a, const ClassWitness& b) { return rank(a.kind) < rank(b.kind); });
  name_once(tensor.dtype, ordered);
  // Not all places to one class: three of each first, then the rest.
  std::array<int, kWitnessKinds> taken{};
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](const ClassWitness& w) { return taken[static_cast<std::size_t>(w.kind)]++ < 3; });
  ordered.resize(std::min(ordered.size(), kMost));
  const std::uint64_t item = tensor.elements == 0 ? 0 : tensor.nbytes / tensor.elements;
  std::vector<AuditWitness> witnesses;
  for (const ClassWitness& w : ordered) {
    AuditWitness named;
    named.what = naming.text(w.kind);
    named.index = w.index;
    named.position = position_of(w.index, tensor.shape);
    named.offset = w.offset.value_or(tensor.offset + w.index * item);
    named.code = w.code;
    named.value = naming.value(w);
    named.nearest_f16 = through_f16(named.value);
    witnesses.push_back(std::move(named));
  }
  return witnesses;
}

}  // namespace candor::audit_internal
