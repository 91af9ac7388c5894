// From tokenizer.json. Every component is either carried out as written or refused by name.
#include <algorithm>
#include <map>

#include "candor/error.h"
#include "text/byte_alphabet.h"
#include "text/json_fields.h"
#include "text/tokenizer_impl.h"
#include "text/tokenizer_json_pipeline.h"
#include "text/tokenizer_json_reader.h"

namespace candor {
namespace {

using text::AddedToken;
using text::JsonFields;
using text::TokenizerJson;

constexpr std::size_t kMaxHoles = 65536;  // ids below the largest one that no token has

// What to do with a tokenizer of another kind, and with a file that contradicts itself.
constexpr const char* kOtherModel =
    "; use a model with a byte-level BPE tokenizer, or give token ids instead of text (candor logits --tokens)";
constexpr const char* kGetAgain = "; the file is damaged or was edited: get it again";

std::string out_of_range(std::int64_t id) {
  return "id " + std::to_string(id) + " is out of range, ids lie in [0, " + std::to_string(text::kMaxVocabulary) + ")";
}

struct Model {
  bool whole_words_first = false;
  std::optional<std::string> unknown;
  bool fuse_unknown = false;
};

Model read_model(const JsonFields& model) {
  if (model.has("type") && model.type() != "BPE")
    model.refuse("is a " + model.type() + " model, only BPE is supported" + kOtherModel);
  model.allow_only({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                    "byte_fallback", "ignore_merges", "vocab", "merges"});
  if (model.has("dropout") && !(model.at("dropout").is_number() && model.at("dropout").get<double>() == 0)) {
    model.refuse("dropout is " + model.at("dropout").dump() + ", which makes encoding random; write null there");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (model.has(key) && !model.text(key).empty()) {
      model.refuse(std::string(key) + " \"" + model.text(key) + "\" is not supported, only an empty one" + kOtherModel);
    }
  }
  if (model.flag("byte_fallback", false))
    model.refuse(std::string("byte_fallback is true, as in SentencePiece's tokenizers, which have a token for each ") +
                 "byte that no other covers; only byte-level BPE is supported" + kOtherModel);
  if (model.has("vocab")) model.object("vocab");  // their members were taken out while parsing: only the kind is left
  if (model.has("merges")) model.array("merges");
  Model out;
  out.whole_words_first = model.flag("ignore_merges", false);
  out.fuse_unknown = model.flag("fuse_unk", false);
  if (model.has("unk_token")) out.unknown = model.text("unk_token");
  return out;
}

std::vector<AddedToken> read_added(const JsonFields& document) {
  std::vector<AddedToken> out;
  if (!document.has("added_tokens")) return out;
  for (const nlohmann::json& entry : document.array("added_tokens")) {
    const JsonFields fields(entry, document.path() + ": added_tokens[" + std::to_string(out.size()) + "]");
    fields.allow_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const std::int64_t id = fields.integer("id");
    if (id < 0 || id >= static_cast<std::int64_t>(text::kMaxVocabulary)) {
      fields.refuse(out_of_range(id));
    }
    AddedToken token;
    token.id = static_cast<TokenId>(id);
    token.content = fields.text("content");
    token.special = fields.flag("special", false);
    token.normalized = fields.flag("normalized", !token.special);
    token.single_word = fields.flag("single_word", false);
    token.lstrip = fields.flag("lstrip", false);
    token.rstrip = fields.flag("rstrip", false);
    out.push_back(std::move(token));
  }
  return out;
}

/// The spelled tokens by id, model.vocab first, then the added ones. Holes are empty.
class TokenTable {
 public:
  explicit TokenTable(const std::string& file) : file_(file) {}

  void add_vocabulary(const TokenizerJson& json) {
    for (const auto& [token, id] : json.vocabulary) {
      if (id < 0 || id >= static_cast<std::int64_t>(text::kMaxVocabulary)) {
        throw FormatError(file_ + ": model.vocab: \"" + token + "\": " + out_of_range(id));
      }
      place(static_cast<std::size_t>(id), token);
    }
  }

  /// An added token is in the vocabulary under the same id, or has an id of its own.
  void add(const AddedToken& token) {
    const auto id = static_cast<std::size_t>(token.id);
    if (id < spelled_.size() && spelled_[id] == token.content) return;
    place(id, token.content);
  }

  const std::vector<std::string>& finish() {
    if (spelled_.size() > count_ + kMaxHoles) {
      throw FormatError(file_ + ": " + std::to_string(count_) + " tokens have ids up to " +
                        std::to_string(spelled_.size() - 1) + "; at most " + std::to_string(kMaxHoles) +
                        " unused ids are accepted");
    }
    return spelled_;
  }

 private:
  void place(std::size_t id, const std::string& token) {
    if (token.empty()) throw FormatError(file_ + ": token " + std::to_string(id) + " is empty" + kGetAgain);
    if (id >= spelled_.size()) spelled_.resize(id + 1);
    if (!spelled_[id].empty()) {
      throw FormatError(file_ + ": id " + std::to_string(id) + " belongs to both \"" + spelled_[id] + "\" and \"" +
                        token + "\"" + kGetAgain);
    }
    spelled_[id] = token;
    ++count_;
  }

  const std::string& file_;
  std::vector<std::string> spelled_;
  std::size_t count_ = 0;
};

text::TokenizerParts make_parts(const TokenizerJson& json, const JsonFields& document, const std::string& file) {
  const Model model = read_model(document.object("model"));
  text::TokenizerParts parts;
  parts.where = file;
  parts.added = read_added(document);
  TokenTable table(file);
  table.add_vocabulary(json);
  for (const AddedToken& token : parts.added) table.add(token);
  const std::vector<std::string>& spelled = table.finish();
  parts.encodable.resize(spelled.size());
  parts.bytes.resize(spelled.size());
  for (const auto& [token, id] : json.vocabulary) {
    const std::optional<std::string> bytes = text::bytes_from_spelling(token);
    parts.encodable[static_cast<std::size_t>(id)] = bytes.has_value();
    parts.bytes[static_cast<std::size_t>(id)] = bytes.value_or(token);
    if (model.unknown == token) parts.unknown.token = static_cast<TokenId>(id);
  }
  for (const AddedToken& token : parts.added) {
    const auto id = static_cast<std::size_t>(token.id);
    if (!parts.encodable[id]) parts.bytes[id] = token.content;
  }
  if (model.unknown && !parts.unknown.token) {
    throw FormatError(file + ": model.unk_token \"" + *model.unknown + "\" is not in the vocabulary" + kGetAgain);
  }
  parts.unknown.fuse = model.fuse_unknown;
  parts.whole_words_first = model.whole_words_first;
  parts.merges = json.merges;
  return parts;
}

std::optional<TokenId> find_named(const Tokenizer::Impl& impl, const std::optional<std::string>& text,
                                  const std::vector<TokenId>& otherwise, std::string_view name,
                                  const std::string& file) {
  if (!text) return otherwise.empty() ? std::nullopt : std::optional<TokenId>(otherwise.front());
  if (const auto added = impl.added_by_text.find(*text); added != impl.added_by_text.end()) return added->second;
  const std::optional<std::string> bytes = text::bytes_from_spelling(*text);
  const auto word = bytes ? impl.words.find(*bytes) : impl.words.end();
  if (word != impl.words.end()) return word->second;
  throw FormatError(file + ": the " + std::string(name) + " \"" + *text +
                    "\" of tokenizer_config.json is not a token here; take both files from one model");
}

/// add_bos_token or add_eos_token of tokenizer_config.json: acts where the template of tokenizer.json is silent.
void apply_flag(const std::optional<bool>& flag, const std::optional<TokenId>& id, bool stated,
                std::vector<TokenId>& tokens, const std::string& name, const std::string& file) {
  if (!flag) return;
  const bool adds = id && std::find(tokens.begin(), tokens.end(), *id) != tokens.end();
  if (*flag == adds) return;
  const std::string said =
      file + ": add_" + name + " of tokenizer_config.json is " + (*flag ? "true" : "false") + ", but ";
  if (stated)
    throw FormatError(said + "the post-processor here " + (adds ? "adds" : "does not add") +
                      " that token; the two files must agree: take both from one model");
  if (!id) throw FormatError(said + "its " + name + " is missing; name the token there");
  tokens.push_back(*id);
}

}  // namespace

Tokenizer Tokenizer::from_tokenizer_json(std::string_view json, const std::string& file,
                                         const TokenizerConfig& config) {
  const TokenizerJson read = text::read_tokenizer_json(json, file);
  const JsonFields document(read.rest, file);
  text::TokenizerParts parts = make_parts(read, document, file);
  parts.nfc = text::read_normalizer_is_nfc(document);
  const std::shared_ptr<Impl> impl = text::assemble(std::move(parts));
  impl->pre_tokenizer = text::read_pre_tokenizer(document);
  text::check_decoder(document);
  text::EdgeTokens edges = text::read_post_processor(document, impl->bytes.size());
  impl->bos = find_named(*impl, config.bos_token, edges.prefix, "bos_token", file);
  impl->eos = find_named(*impl, config.eos_token, edges.suffix, "eos_token", file);
  apply_flag(config.add_bos_token, impl->bos, edges.stated, edges.prefix, "bos_token", file);
  apply_flag(config.add_eos_token, impl->eos, edges.stated, edges.suffix, "eos_token", file);
  impl->prefix = std::move(edges.prefix);
  impl->suffix = std::move(edges.suffix);
  return Tokenizer(impl);
}

}  // namespace candor
