// Which instructions a row's kernel really holds, and whether its instruction class may have them.
#pragma once

#include <map>
#include <memory>

#include "candor/prove.h"
#include "kernels/kernel_row.h"
#include "prove/code/disassembly.h"

namespace candor::prove {

/// The code of the program or library that kernels are in. Functions are followed through calls, jumps, addresses taken
/// and tables of functions. Not seen: what only a virtual call reaches (a stream's workers run functions whose
/// addresses the kernel takes, which are seen), and other libraries.
class ProgramCode {
 public:
  ProgramCode();
  ~ProgramCode();
  /// Reads it; where that is not possible notes() says why and of() knows nothing. errors: Cancelled
  void read(const std::atomic<bool>* cancel);
  CodeProof of(const KernelRow& row);
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Program;
  struct Reached {
    std::uint64_t functions = 0;
    InstructionCounts counts{};
  };
  const Reached& reached_from(std::uint64_t function);

  std::unique_ptr<Program> program_;
  std::map<std::uint64_t, Reached> reached_;  // by the address of a kernel
  std::vector<std::string> notes_;
};

/// What the instructions say against the row; "": nothing.
std::string code_finding(const KernelRow& row, const InstructionCounts& counts);

}  // namespace candor::prove
