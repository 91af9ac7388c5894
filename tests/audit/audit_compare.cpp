#include "tests/audit/audit_compare.h"

#include <concepts>
#include <cstdio>

namespace candor::audit_internal {
namespace {

class Text {
 public:
  template <class... Values>
  void add(const char* name, const Values&... values) {
    text_ += name;
    (put(values), ...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

  void put(const std::string& value) { text_ += " \"" + value + "\""; }
  template <std::integral T>
  void put(T value) {
    text_ += " " + std::to_string(value);
  }
  void put(double value) {
    char digits[40];
    std::snprintf(digits, sizeof digits, " %a", value);
    text_ += digits;
  }
  void put(AuditVerdict value) { put(static_cast<int>(value)); }
  void put(const AuditTest& t) {
    add(" test", t.name, t.statistic, t.low, t.high, t.p_value, t.p_is_bound, t.bits, t.used, t.needed, t.text,
        t.not_run);
  }
  void put(const AuditHistory& h) { add(" history", h.name, h.bits); }
  void put(const AuditBlockScheme& s) {
    add(" scheme", s.name, s.block, s.extent, s.tested, s.fitting, s.bits, s.scale, s.zero);
  }
  void put(const AuditDistinct& d) { add(" distinct", d.extent, d.block, d.blocks, d.expected); }
  void put(const AuditBinade& b) { add(" binade", b.exponent, b.count, b.even); }
  void put(const AuditCode& c) { add(" code", c.code, c.count); }
  void put(const AuditWitness& w) {
    add(" witness", w.what, w.index, w.position, w.offset, w.code, w.value, w.nearest_f16);
  }
  void put(const std::optional<double>& value) { value ? put(*value) : put(std::string("none")); }
  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    for (const T& value : values) put(value);
  }

 private:
  std::string text_;
};

void add(Text& text, const AuditEvidence& e) {
  text.add("counts", e.elements, e.zeros, e.infinities, e.nans, e.subnormals, e.below_f16_normal, e.below_grid,
           e.off_grid, e.distinct_small, e.distinct_off_grid, e.above_f16, e.at_65536, e.distinct, e.zero_rows, e.rows);
  text.add("sizes", e.smallest, e.largest, e.sigma, e.density_at_zero, e.exponent_entropy, e.quantum);
  text.add("tests", e.tests);
  text.add("histories", e.histories);
  text.add("share", e.share, e.share_low, e.share_high);
  text.add("schemes", e.schemes);
  text.add("binades", e.binades);
  text.add("small codes", e.small_codes);
  text.add("distinct", e.distinct_per_block);
}

}  // namespace

std::string everything_in(const TensorAudit& t) {
  Text text;
  text.add("tensor", t.name, t.file, t.dtype, t.shape, t.verdict, t.sub, t.bits);
  text.add("said", t.sentence, t.would_change, t.note);
  add(text, t.evidence);
  text.add("witnesses", t.witnesses);
  return text.take();
}

std::string everything_in(const AuditReport& report) {
  Text text;
  text.add("report", report.verdict, report.threshold_bits);
  for (const CheckpointAudit& c : report.checkpoints) {
    text.add("checkpoint", c.path, c.format, c.verdict, c.sub, c.bits, c.sentence, c.error, c.elements, c.bytes);
    text.add("pooled", c.pooled);
    text.add("notes", c.notes);
    for (const TensorAudit& tensor : c.tensors) text.add(everything_in(tensor).c_str());
  }
  return text.take();
}

}  // namespace candor::audit_internal
