// The same tokens in other ways: at once, in chunks, one by one, on other numbers of threads.
#pragma once

#include <string>
#include <vector>

#include "candor/prove.h"

namespace candor::prove {

/// The first logit that differs in its bits: "token 3, logit 17: 0.5 and 0.25"; "": none does.
std::string first_other_logit(const std::vector<float>& x, const std::vector<float>& y, std::size_t vocabulary);

/// Logits of every token, fed one by one and asked for at once, in two pieces, and with one thread and two.
std::vector<ProofCheck> check_same_bits(const LanguageModel& model, const std::string& who,
                                        const std::vector<TokenId>& tokens);

}  // namespace candor::prove
