// From GGUF's metadata. The file names its pre-tokenizer; nothing is guessed.
#include <algorithm>
#include <array>

#include "candor/error.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer_impl.h"

namespace candor {
namespace {

using text::AddedToken;
using text::KnownPattern;

struct PreTokenizerName {
  std::string_view name;
  KnownPattern pattern;
  bool digits_first;  // every numeric character alone, before the pattern
  bool nfc;
  bool whole_words_first;  // Llama 3's ignore_merges
  bool adds_bos;           // where the file does not say
};

constexpr std::array kPreTokenizers = {
    PreTokenizerName{"smollm", KnownPattern::gpt2, true, false, false, false},
    PreTokenizerName{"gpt2", KnownPattern::gpt2, false, false, false, false},
    PreTokenizerName{"gpt-2", KnownPattern::gpt2, false, false, false, false},
    PreTokenizerName{"qwen2", KnownPattern::qwen2, false, true, false, false},
    PreTokenizerName{"llama-bpe", KnownPattern::llama3, false, false, true, true},
    PreTokenizerName{"llama3", KnownPattern::llama3, false, false, true, true},
    PreTokenizerName{"llama-v3", KnownPattern::llama3, false, false, true, true},
};

enum TokenType : std::int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

const PreTokenizerName& find_pre_tokenizer(const std::string& name) {
  const auto found = std::find_if(kPreTokenizers.begin(), kPreTokenizers.end(),
                                  [&](const PreTokenizerName& known) { return known.name == name; });
  if (found != kPreTokenizers.end()) return *found;
  std::string known;
  for (const PreTokenizerName& entry : kPreTokenizers) known += (known.empty() ? "" : ", ") + std::string(entry.name);
  throw FormatError("tokenizer.ggml.pre: " + (name.empty() ? "missing" : "\"" + name + "\" is not known") +
                    "; text would be split wrongly without it; known: " + known);
}

void check_description(const TokenizerDescription& d) {
  if (d.model != "gpt2") {
    throw FormatError("tokenizer.ggml.model: is \"" + d.model + "\", only \"gpt2\" (byte-level BPE) is supported");
  }
  if (d.types.size() != d.tokens.size()) {
    throw FormatError("tokenizer.ggml.token_type: has " + std::to_string(d.types.size()) +
                      " entries, tokenizer.ggml.tokens has " + std::to_string(d.tokens.size()) + "; they must agree");
  }
}

void add_token(text::TokenizerParts& parts, const TokenizerDescription& d, std::size_t id) {
  const std::string& token = d.tokens[id];
  const std::int32_t type = d.types[id];
  if (type < kNormal || type >= kByte) {
    throw FormatError("tokenizer.ggml.token_type: token " + std::to_string(id) + " has type " + std::to_string(type) +
                      ", expected 1 normal, 2 unknown, 3 control, 4 user-defined or 5 unused");
  }
  const std::optional<std::string> bytes = type == kNormal ? text::bytes_from_spelling(token) : std::nullopt;
  parts.bytes.push_back(bytes.value_or(token));  // outside the byte alphabet, and added tokens: plain text
  parts.encodable.push_back(bytes.has_value() || type == kUserDefined);
  if (type == kUserDefined || type == kControl || type == kUnknown) {
    AddedToken added;
    added.id = static_cast<TokenId>(id);
    added.content = token;
    added.special = type != kUserDefined;
    parts.added.push_back(std::move(added));
  }
}

std::optional<TokenId> checked_id(std::optional<TokenId> id, std::string_view field, std::size_t size) {
  if (id && (*id < 0 || static_cast<std::size_t>(*id) >= size)) {
    throw FormatError("tokenizer.ggml." + std::string(field) + ": is " + std::to_string(*id) +
                      ", outside the vocabulary of " + std::to_string(size) + " tokens");
  }
  return id;
}

void add_edge_token(std::vector<TokenId>& tokens, bool wanted, std::optional<TokenId> id, std::string_view name) {
  if (!wanted) return;
  if (!id) {
    throw FormatError("tokenizer.ggml.add_" + std::string(name) + "_token: is true, but tokenizer.ggml." +
                      std::string(name) + "_token_id is missing");
  }
  tokens.push_back(*id);
}

}  // namespace

Tokenizer Tokenizer::from_description(const TokenizerDescription& d) {
  check_description(d);
  const PreTokenizerName& pre = find_pre_tokenizer(d.pre);
  text::TokenizerParts parts;
  parts.where = "tokenizer.ggml";
  parts.bytes.reserve(d.tokens.size());
  for (std::size_t id = 0; id < d.tokens.size(); ++id) add_token(parts, d, id);
  parts.merges = d.merges;
  parts.whole_words_first = pre.whole_words_first;
  parts.nfc = pre.nfc;
  const std::shared_ptr<Impl> impl = text::assemble(std::move(parts));

  if (pre.digits_first) impl->pre_tokenizer.add(text::DigitMatcher{});
  impl->pre_tokenizer.add(pre.pattern);
  checked_id(d.unk, "unknown_token_id", d.tokens.size());
  checked_id(d.pad, "padding_token_id", d.tokens.size());
  impl->bos = checked_id(d.bos, "bos_token_id", d.tokens.size());
  impl->eos = checked_id(d.eos, "eos_token_id", d.tokens.size());
  add_edge_token(impl->prefix, d.add_bos.value_or(pre.adds_bos), d.bos, "bos");
  add_edge_token(impl->suffix, d.add_eos.value_or(false), d.eos, "eos");
  return Tokenizer(impl);
}

}  // namespace candor
