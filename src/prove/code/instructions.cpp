#include "prove/code/instructions.h"

#include <cxxabi.h>

#include <cstdlib>
#include <set>

#include "candor/error.h"
#include "prove/code/loaded_file.h"

namespace candor::prove {
namespace {

/// Larger objects are data, not tables of functions.
constexpr std::uint64_t kLargestTable = 1 << 16;

const void* address_of(const KernelRow& row) {
  return std::visit([](auto launch) { return reinterpret_cast<const void*>(launch); }, row.launch);
}

template <class... Ops>
ErrorModel error_model(OpList<Ops...>, std::string_view op) {
  ErrorModel found = ErrorModel::exact;
  ((Ops::name == op ? void(found = Ops::error) : void()), ...);
  return found;
}

std::string readable_name(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? text.get() : symbol;
}

std::vector<InstructionCount> listed(const InstructionCounts& counts) {
  std::vector<InstructionCount> list;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) list.push_back({std::string(instruction_text(static_cast<Instruction>(i))), counts[i]});
  return list;
}

}  // namespace

struct ProgramCode::Program {
  explicit Program(const LoadedFile& loaded) : file(loaded), symbols(elf_symbols(file.bytes())), code(symbols) {}

  /// The functions whose addresses stand in the object, as the loader left it in memory.
  void add_table(const Symbol& object, std::vector<std::uint64_t>& found) const {
    if (object.size > kLargestTable || object.address % sizeof(void*) != 0) return;
    for (std::uint64_t at = 0; at + sizeof(void*) <= object.size; at += sizeof(void*))
      if (const auto word = file.word_at(object.address + at))
        if (const Symbol* symbol = symbol_at(symbols, file.in_file(*word)); symbol != nullptr && symbol->is_function)
          found.push_back(symbol->address);
  }

  LoadedFile file;
  std::vector<Symbol> symbols;
  Disassembly code;
};

ProgramCode::ProgramCode() = default;
ProgramCode::~ProgramCode() = default;

void ProgramCode::read(const std::atomic<bool>* cancel) {
  std::string why;
#if defined(__x86_64__)
  try {
    program_ = std::make_unique<Program>(LoadedFile(reinterpret_cast<const void*>(&code_finding)));
    if (program_->symbols.empty()) why = "this program is stripped: it has no symbol table";
    if (why.empty())
      why = disassemble(program_->file.path(), cancel, [&](std::string_view line) { program_->code.add_line(line); });
    if (why.empty() && program_->code.empty()) why = "objdump wrote no instructions";
  } catch (const IoError& error) {
    why = error.what();
  } catch (const FormatError& error) {
    why = error.what();
  }
#else
  static_cast<void>(cancel);
  why = "only x86-64 instructions are known";
#endif
  if (why.empty()) return;
  program_.reset();
  notes_.push_back("the kernels' instructions were not looked at: " + why);
}

const ProgramCode::Reached& ProgramCode::reached_from(std::uint64_t function) {
  const auto [it, inserted] = reached_.try_emplace(function);
  Reached& reached = it->second;
  if (!inserted) return reached;
  std::vector<std::uint64_t> open = {function};
  std::set<std::uint64_t> seen = {function};
  while (!open.empty()) {
    const FunctionCode* code = program_->code.find(open.back());
    open.pop_back();
    if (code == nullptr) continue;
    ++reached.functions;
    for (std::size_t i = 0; i < kInstructionKinds; ++i) reached.counts[i] += code->counts[i];
    std::vector<std::uint64_t> next;
    for (const std::uint64_t target : code->targets) {
      const Symbol* symbol = symbol_at(program_->symbols, target);
      if (symbol == nullptr || !seen.insert(symbol->address).second) continue;
      if (symbol->is_function)
        open.push_back(symbol->address);
      else
        program_->add_table(*symbol, next);
    }
    for (const std::uint64_t address : next)
      if (seen.insert(address).second) open.push_back(address);
  }
  return reached;
}

CodeProof ProgramCode::of(const KernelRow& row) {
  if (program_ == nullptr) return {};
  const auto launch = reinterpret_cast<std::uintptr_t>(address_of(row));
  const Symbol* symbol = symbol_at(program_->symbols, program_->file.in_file(launch));
  if (symbol == nullptr || program_->code.find(symbol->address) == nullptr) {
    notes_.push_back("the instructions of " + std::string(row.name) + " " + std::string(isa_name(row.isa)) +
                     " were not looked at: its function is not in the program's symbol table");
    return {};
  }
  const Reached& reached = reached_from(symbol->address);
  return {readable_name(symbol->name), reached.functions, listed(reached.counts), code_finding(row, reached.counts)};
}

std::string code_finding(const KernelRow& row, const InstructionCounts& counts) {
  const auto has = [&](Instruction kind) { return counts[static_cast<std::size_t>(kind)] != 0; };
  const ErrorModel model = error_model(AllOps{}, row.op);
  const bool sums_products = model == ErrorModel::dot || model == ErrorModel::attention;
  const bool multiplies = has(Instruction::dpbf16) || has(Instruction::fma_f32) || has(Instruction::vex_mul_f32) ||
                          has(Instruction::sse_mul_f32) || has(Instruction::sse_mul_f64);
  std::string text;
  const auto say = [&](bool wrong, std::string_view what) {
    if (wrong) text += (text.empty() ? "" : ", ") + std::string(what);
  };
  const InstructionClass c = row.instruction_class;
  const bool dpbf16 = c == InstructionClass::x86_dpbf16_ftz;
  const bool fma = c == InstructionClass::f32_fma || c == InstructionClass::f32_fma_ftz;
  say(dpbf16 && !has(Instruction::dpbf16), "no vdpbf16ps in a kernel of class x86-dpbf16-ftz");
  say(!dpbf16 && has(Instruction::dpbf16), "vdpbf16ps in a kernel of class " + std::string(instruction_class_name(c)));
  say((c == InstructionClass::bit_move || c == InstructionClass::compare) && multiplies,
      "multiplications in a kernel of class " + std::string(instruction_class_name(c)));
  if (row.isa == Isa::baseline || row.isa == Isa::any) {
    say(has(Instruction::vex), "VEX or EVEX instructions in a kernel for every x86-64");
    say(fma && sums_products && !has(Instruction::sse_mul_f32) && !has(Instruction::sse_mul_f64),
        "no mulps and no mulpd");
  } else {
    say(fma && sums_products && !has(Instruction::fma_f32),
        "no vfmadd in a kernel of class " + std::string(instruction_class_name(c)));
    say((fma || dpbf16) && (has(Instruction::fma_f64) || has(Instruction::vex_mul_f64)), "multiplications in f64");
    say(row.isa == Isa::avx2 && has(Instruction::wide), "512-bit registers or masks in a kernel for AVX2");
  }
  return text;
}

}  // namespace candor::prove
