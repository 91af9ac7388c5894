#include <algorithm>

#include "cli/format.h"
#include "cli/prompt_text.h"
#include "cli/receipt.h"

namespace candor::cli {
namespace {

using Align = Table::Align;

std::string name(DType dtype) { return std::string(dtype_name(dtype)); }

/// Lines under one heading in the left margin.
class Sections {
 public:
  explicit Sections(const Style& style) : style_(style) {}
  void add(std::string_view heading, std::string_view body) {
    bool first = true;
    while (!body.empty()) {
      const std::size_t end = body.find('\n');
      text_.append(style_.bold).append(first ? heading : "").append(style_.reset);
      text_.append(first ? 10 - heading.size() : 10, ' ').append(body.substr(0, end)).append("\n");
      first = false;
      if (end == std::string_view::npos) break;
      body.remove_prefix(end + 1);
    }
  }
  const std::string& text() const { return text_; }

 private:
  const Style& style_;
  std::string text_;
};

std::string model_line(const Receipt& receipt) {
  const ModelInfo& m = *receipt.model;
  std::string line = readable(m.name.empty() ? m.path : m.name);  // what a file says
  line += " · " + m.format;
  return line;
}

std::string allowed_text(const ExecPolicy& policy) {
  std::string text;
  if (policy.allow_upcast) text += " · upcast allowed";
  if (policy.allow_reference) text += " · reference allowed";
  if (policy.allow_tf32) text += " · tf32 allowed";
  return text;
}

std::string machine_line(const Receipt& receipt) {
  const MachineInfo& m = receipt.machine;
  std::string line = m.cpu_model + " · " + m.active_isa;
  if (m.active_isa != m.best_isa) line += " (forced down from " + m.best_isa + ")";
  return line + " · " + counted(static_cast<std::uint64_t>(receipt.threads), "thread");
}

std::string weights_text(const ModelInfo& m) {
  Table table({Align::left, Align::right, Align::right, Align::right});
  for (const auto& w : m.weights)
    table.add(
        {name(w.dtype), format_bytes(w.bytes),
         fixed(w.elements ? static_cast<double>(w.bytes) / static_cast<double>(w.elements) : 0, 2) + " bytes/element",
         counted(w.tensors, "tensor")});
  return table.text();
}

std::string memory_line(const Receipt& receipt) {
  std::uint64_t allocated = 0, mapped = 0;
  for (const MemoryEntry& entry : receipt.memory) {
    allocated += entry.now;
    mapped += entry.mapped_now;
  }
  std::string line = "tensors " + format_bytes(allocated) + " allocated, " + format_bytes(mapped) + " mapped";
  if (receipt.kv_bytes) line += " · KV cache " + format_bytes(receipt.kv_bytes);
  if (receipt.workspace.peak) line += " · workspace " + format_bytes(receipt.workspace.peak);
  return line + " · resident peak " + format_bytes(receipt.resident_peak_bytes);
}

std::string casts_text(const Receipt& receipt) {
  if (receipt.casts.empty()) return "none";
  Table table({Align::left, Align::right, Align::left});
  for (const CastEntry& c : receipt.casts)
    table.add({name(c.from) + " → " + name(c.to), format_count(c.elements) + " elements", c.reason});
  return table.text();
}

// Name without its folder: the JSON has the whole path.
std::string kernel_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string kernels_text(const Receipt& receipt) {
  std::vector<KernelEntry> entries = receipt.kernels;
  std::stable_sort(entries.begin(), entries.end(), [](auto& x, auto& y) { return x.seconds > y.seconds; });
  double total = 0;
  for (const KernelEntry& k : entries) total += k.seconds;
  Table table({Align::left, Align::left, Align::left, Align::left, Align::left, Align::right, Align::right});
  table.add({"op", "kernel", "a·b→out", "product/sum", "instructions", "calls", "time"});
  for (const KernelEntry& k : entries)
    table.add({k.op, kernel_name(k.kernel), storage_text(k.precision), arithmetic_text(k.precision),
               k.instruction_class, std::to_string(k.calls), format_percent(total > 0 ? k.seconds / total : 0)});
  return table.text();
}

std::string speed_line(const Speed& s) {
  std::string line = "prefill " + std::to_string(s.prompt_tokens - s.reused_tokens) + " tokens";
  if (s.prefill_rate() > 0) line += ", " + fixed(s.prefill_rate(), 1) + " tokens/s";
  line += " · decode " + std::to_string(s.decode_steps) + " tokens";
  if (s.decode_rate() > 0) line += ", " + fixed(s.decode_rate(), 1) + " tokens/s";
  return line;
}

std::string reading_line(const Receipt& receipt) {
  const double achieved = receipt.achieved_bytes_per_second();
  if (achieved <= 0) return "";
  std::string line = "decode reads " + format_byte_rate(achieved) + " of weights";
  if (!receipt.ceilings || receipt.ceilings->read_bytes_per_second <= 0) return line;
  const double probe = receipt.ceilings->read_bytes_per_second;
  return line + " · read probe " + format_byte_rate(probe) + " · " + format_percent(achieved / probe);
}

}  // namespace

std::string receipt_summary(const Receipt& receipt, const Style& style) {
  Sections sections(style);
  if (receipt.model) sections.add("model", model_line(receipt));
  if (receipt.model) sections.add("precision", receipt.model->precision.to_string() + allowed_text(receipt.policy));
  sections.add("machine", machine_line(receipt));
  if (receipt.model) sections.add("weights", weights_text(*receipt.model));
  sections.add("memory", memory_line(receipt));
  sections.add("casts", casts_text(receipt));
  if (!receipt.kernels.empty()) sections.add("kernels", kernels_text(receipt));
  sections.add("denormals", denormal_rule(receipt.kernels));
  if (receipt.speed) {
    sections.add("speed", speed_line(*receipt.speed));
    sections.add("", reading_line(receipt));
  }
  return sections.text();
}

}  // namespace candor::cli
