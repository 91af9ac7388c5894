// The components of tokenizer.json around the model.
#pragma once

#include <vector>

#include "candor/text.h"
#include "text/json_fields.h"
#include "text/pre_tokenizer.h"

namespace candor::text {

bool read_normalizer_is_nfc(const JsonFields& document);
PreTokenizer read_pre_tokenizer(const JsonFields& document);
void check_decoder(const JsonFields& document);

struct EdgeTokens {
  std::vector<TokenId> prefix, suffix;
  bool stated = false;  // by a template; otherwise the file says nothing about them
};
EdgeTokens read_post_processor(const JsonFields& document, std::size_t vocabulary_size);

}  // namespace candor::text
