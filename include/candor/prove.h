// candor prove: how every kernel really computes, found out from its results and compared with what it says.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "candor/generate.h"
#include "candor/precision.h"

namespace candor {

enum class ProofVerdict {
  proven,    // no other arithmetic that was considered explains the results
  unseen,    // the claim explains them, and so does something else
  mismatch,  // the claim does not explain them
};
std::string_view proof_verdict_name(ProofVerdict verdict);  // "proven", "unseen", "mismatch"

/// One question about a kernel's arithmetic.
struct ProofAnswer {
  std::string question, claimed, found;  // "accumulation", "f32", "f32"
  std::string evidence;  // "bf16: 257 ones; f16: 2049 ones": what else it would be, and what spoke against it
  ProofVerdict verdict = ProofVerdict::proven;
};

/// A canary as it came out.
struct ProofCanary {
  std::string name, input;
  double claimed_low = 0, claimed_high = 0;  // what the claim predicts
  double found = 0;
  bool agrees = true;
};

/// How often one kind of instruction stands in the code of a kernel.
struct InstructionCount {
  std::string instruction;  // "vdpbf16ps", "vfmadd (f32)"
  std::uint64_t count = 0;
};

/// The machine code of a kernel, where it could be read: a second witness beside the results.
struct CodeProof {
  std::string function;                        // its symbol in the program; empty: not read, ProveReport::notes say why
  std::uint64_t functions = 0;                 // it and what it reaches by calls, jumps and tables of functions
  std::vector<InstructionCount> instructions;  // those that tell instruction classes apart, if any
  std::string finding;                         // "no vdpbf16ps"; empty: as the row says
};

struct RowProof {
  std::string backend, op, kernel, isa, instruction_class;
  Precision precision;  // with the storage that it was run with
  std::vector<ProofAnswer> answers;
  std::vector<ProofCanary> canaries;
  CodeProof code;
  ProofVerdict verdict = ProofVerdict::proven;
  std::string finding;  // "accumulation: bf16, not f32"; empty when proven
};

/// A claim that no single row makes: bytes, the same bits, what a model does as a whole.
struct ProofCheck {
  std::string section;         // "bytes", "same bits", "model"
  std::string what;            // "tensor bf16[1024, 4096]"
  std::string claimed, found;  // "2 bytes an element", "4 bytes an element"
  std::string evidence;        // how it was found out: "8,388,608 bytes allocated for 4,194,304 elements"
  ProofVerdict verdict = ProofVerdict::proven;
  std::string finding;  // names what it does instead; empty when proven
};

struct ProveOptions {
  bool quick = false;       // only rows that dispatch could choose on the active ISA, and never the reference
  bool code = true;         // read the machine code too
  bool checks = true;       // the same bits too, where threads() is changed for a while, and, without an op, bytes
  std::uint64_t seed = 1;   // of the operands that are drawn at random
  std::string op, backend;  // only these; empty: all
  std::vector<ExplainedOp> plan;              // not empty: only rows that it uses
  ProgressCallback progress;                  // called by one thread at a time, not always the same
  const std::atomic<bool>* cancel = nullptr;  // becomes true: Cancelled is thrown
};

struct ProveReport {
  std::vector<RowProof> rows;      // in the order of the tables
  std::vector<ProofCheck> checks;  // of sections one after the other
  std::vector<std::string> notes;  // what could not be looked at, and why
  double seconds = 0;
  std::size_t count(ProofVerdict verdict) const;         // rows
  std::size_t count_checks(ProofVerdict verdict) const;  // checks
  bool all_proven() const;                               // rows and checks, of which there is one at least
};

/// Runs canaries through every kernel of the built backends that this machine runs, and compares how each really
/// computes with its row.
///   shapes    those of the canaries, which reach every place of an op: single rows, several, tiles and their tails
///   dtypes    every row of docs/precision-matrix.md; where a row takes any storage, f32 and bf16
///   errors    ValueError (no such op or backend, with those that exist), OutOfMemory, Cancelled
///   gradient  none
///   source    docs/prove.md
ProveReport prove_kernels(const ProveOptions& options = {});

/// Proves a model as a whole, and the rows that it uses: its planted twin (the same extents and storage, with canaries
/// for weights) says where values are stored in which dtype; the model itself is loaded and run, and its bytes, casts
/// and kernels are compared with what its file and `load` call for; single tokens, chunks and thread counts must give
/// the same bits. Of `options` plan and checks are not read.
///   shapes    the twin has the model's channels, heads and feed-forward, two layers and 32 tokens
///   dtypes    those of `load.precision`; for weights in blocks the twin holds bf16
///   errors    as LanguageModel::load and prove_kernels, IoError (no room for the twin), Error (a Recorder records)
///   gradient  none
///   source    docs/prove.md
ProveReport prove_model(const std::string& path, const LoadOptions& load = {}, const ProveOptions& options = {});

}  // namespace candor
