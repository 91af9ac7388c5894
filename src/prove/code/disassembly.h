// The machine code of this program, as objdump reads it: what each function multiplies with, and what it refers to.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prove/code/elf_symbols.h"

namespace candor::prove {

/// Kinds of instructions that tell instruction classes apart. Packed and scalar forms count as one.
enum class Instruction : std::uint8_t {
  dpbf16,
  fma_f32,
  fma_f64,
  vex_mul_f32,
  vex_mul_f64,
  sse_mul_f32,
  sse_mul_f64,
  wide,
  vex,
  count_
};
inline constexpr std::size_t kInstructionKinds = static_cast<std::size_t>(Instruction::count_);
using InstructionCounts = std::array<std::uint64_t, kInstructionKinds>;  // by Instruction

/// "vdpbf16ps", "vfmadd (f32)"; wide: 512-bit registers or masks; vex: any VEX or EVEX instruction at all.
std::string_view instruction_text(Instruction instruction);

struct FunctionCode {
  InstructionCounts counts{};
  std::vector<std::uint64_t> targets;  // addresses that it calls, jumps to or refers to, outside itself
};

/// Collects lines of `objdump -d --no-show-raw-insn` by function.
class Disassembly {
 public:
  /// `symbols` must outlive this object.
  explicit Disassembly(const std::vector<Symbol>& symbols) : symbols_(symbols) {}
  void add_line(std::string_view line);
  bool empty() const { return functions_.empty(); }
  /// The function that starts at `address`; nullptr: nothing of it was read.
  const FunctionCode* find(std::uint64_t address) const;

 private:
  const std::vector<Symbol>& symbols_;
  const Symbol* current_ = nullptr;  // lines come by rising address
  FunctionCode* code_ = nullptr;
  std::unordered_map<std::uint64_t, FunctionCode> functions_;
};

/// Gives every line that objdump says of `path` to `take`; "" or why there is nothing: it is not installed, it failed.
/// errors: Cancelled
std::string disassemble(const std::string& path, const std::atomic<bool>* cancel,
                        const std::function<void(std::string_view)>& take);

}  // namespace candor::prove
