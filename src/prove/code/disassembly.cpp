#include "prove/code/disassembly.h"

#include <charconv>
#include <optional>

namespace candor::prove {
namespace {

struct Line {
  std::uint64_t address;
  std::string_view mnemonic, operands;
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? "" : text.substr(begin);
}

/// A hexadecimal number at the start of `text`, which loses it.
std::optional<std::uint64_t> take_hex(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// "  7699b7:\tcall   977840 <name>". Headings and empty lines are none.
std::optional<Line> parsed(std::string_view text) {
  text = trimmed(text);
  const auto address = take_hex(text);
  if (!address || !text.starts_with(":\t")) return std::nullopt;
  text = trimmed(text.substr(2));
  for (;;) {  // "bnd jmp", "rep stos", "data16 cs nopw"
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const bool prefix = word == "bnd" || word == "notrack" || word == "rep" || word == "repz" || word == "repnz" ||
                        word == "lock" || word == "data16" || word == "{evex}" || word == "{vex}";
    if (!prefix || end == text.size()) return Line{*address, word, trimmed(text.substr(end))};
    text = trimmed(text.substr(end));
  }
}

bool has_prefix(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes)
    if (text.starts_with(prefix)) return true;
  return false;
}

/// The last letter of "ps", "ss", "pd", "sd" says the format: 's' f32, 'd' f64; 0: neither.
char format_letter(std::string_view mnemonic) {
  for (const std::string_view end : {"ps", "ss", "pd", "sd"})
    if (mnemonic.ends_with(end)) return end[1];
  return 0;
}

void count(const Line& line, InstructionCounts& counts) {
  const auto one_more = [&](Instruction kind) { ++counts[static_cast<std::size_t>(kind)]; };
  const std::string_view name = line.mnemonic;
  const char format = format_letter(name);
  if (name.starts_with("v") && name != "verr" && name != "verw") one_more(Instruction::vex);
  if (line.operands.find("%zmm") != std::string_view::npos || line.operands.find("{%k") != std::string_view::npos)
    one_more(Instruction::wide);
  if (name == "vdpbf16ps") one_more(Instruction::dpbf16);
  if (format == 0) return;
  const bool f32 = format == 's';
  if (has_prefix(name, {"vfmadd", "vfmsub", "vfnmadd", "vfnmsub"}))
    one_more(f32 ? Instruction::fma_f32 : Instruction::fma_f64);
  else if (name.size() == 6 && name.starts_with("vmul"))
    one_more(f32 ? Instruction::vex_mul_f32 : Instruction::vex_mul_f64);
  else if (name.size() == 5 && name.starts_with("mul"))
    one_more(f32 ? Instruction::sse_mul_f32 : Instruction::sse_mul_f64);
}

/// Where a call or jump goes, or what "# a67c80 <name>" says that an operand is.
std::optional<std::uint64_t> target_of(const Line& line) {
  std::string_view text = line.operands;
  if (const std::size_t comment = text.find("# "); comment != std::string_view::npos)
    text = text.substr(comment + 2);
  else if (!line.mnemonic.starts_with("call") && !line.mnemonic.starts_with("j"))
    return std::nullopt;
  const auto target = take_hex(text);
  return target && text.starts_with(" <") ? target : std::nullopt;
}

}  // namespace

std::string_view instruction_text(Instruction instruction) {
  switch (instruction) {
    case Instruction::dpbf16:
      return "vdpbf16ps";
    case Instruction::fma_f32:
      return "vfmadd (f32)";
    case Instruction::fma_f64:
      return "vfmadd (f64)";
    case Instruction::vex_mul_f32:
      return "vmul (f32)";
    case Instruction::vex_mul_f64:
      return "vmul (f64)";
    case Instruction::sse_mul_f32:
      return "mul (f32)";
    case Instruction::sse_mul_f64:
      return "mul (f64)";
    case Instruction::wide:
      return "zmm or mask";
    case Instruction::vex:
      return "VEX or EVEX";
    case Instruction::count_:
      break;
  }
  return "";
}

void Disassembly::add_line(std::string_view text) {
  const std::optional<Line> line = parsed(text);
  if (!line) return;
  if (current_ == nullptr || line->address - current_->address >= current_->size) {
    current_ = symbol_at(symbols_, line->address);
    code_ = current_ == nullptr ? nullptr : &functions_[current_->address];
  }
  if (code_ == nullptr) return;
  count(*line, code_->counts);
  if (const auto target = target_of(*line); target && *target - current_->address >= current_->size)
    code_->targets.push_back(*target);
}

const FunctionCode* Disassembly::find(std::uint64_t address) const {
  const auto it = functions_.find(address);
  return it == functions_.end() ? nullptr : &it->second;
}

}  // namespace candor::prove
