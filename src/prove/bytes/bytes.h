// Bytes: of tensors, of what calls take besides their results, of casts and of receipts.
#pragma once

#include "prove/bytes/bytes_judge.h"

namespace candor::prove {

/// All of them. errors: OutOfMemory, Cancelled, what an op throws
std::vector<ProofCheck> prove_bytes(const ProveOptions& options);

// Its parts.
std::vector<ProofCheck> prove_tensor_bytes(const ProveOptions& options);
std::vector<ProofCheck> prove_no_copies(const ProveOptions& options);
std::vector<ProofCheck> prove_cast_ledger();
std::vector<ProofCheck> prove_receipts();

}  // namespace candor::prove
