// tokenizer.json and tokenizer_config.json as GGUF metadata, for byte-level BPE.
#include <filesystem>
#include <unordered_map>

#include "candor/error.h"
#include "convert/hugging_face_model.h"
#include "convert/tokenizer_pipelines.h"
#include "io/model_files.h"
#include "io/refuse.h"
#include "io/strict_json.h"

namespace candor::convert_internal {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
enum TokenType : std::int64_t { kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5 };

/// A member, or nullptr: no exception of the JSON library leaves this file.
const Json* member(const Json& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

bool flag(const Json& json, const char* name, bool otherwise) {
  const Json* value = member(json, name);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : otherwise;
}

std::string text(const Json& json, const char* name) {
  const Json* value = member(json, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

/// What the pre-tokenizers do together.
struct Steps {
  std::string pattern;
  bool digits_first = false, known = true;
};

void read_step(const Json& step, Steps& steps) {
  const std::string type = text(step, "type");
  if (type == "Sequence") {
    const Json* parts = member(step, "pretokenizers");
    steps.known &= parts != nullptr && parts->is_array();
    if (steps.known)
      for (const Json& part : *parts) read_step(part, steps);
  } else if (type == "Digits") {
    steps.known &= flag(step, "individual_digits", false) && steps.pattern.empty();
    steps.digits_first = true;
  } else if (type == "Split") {
    const Json* pattern = member(step, "pattern");
    steps.known &= steps.pattern.empty() && pattern != nullptr && text(step, "behavior") == "Isolated" &&
                   !flag(step, "invert", false);
    if (pattern != nullptr) steps.pattern = text(*pattern, "Regex");
    steps.known &= !steps.pattern.empty();
  } else {
    const bool own_regex = flag(step, "use_regex", true);
    steps.known &= type == "ByteLevel" && !flag(step, "add_prefix_space", true) && own_regex == steps.pattern.empty();
  }
}

/// GGUF's name of the pipeline in this tokenizer.json; nothing when it has none.
const TokenizerPipeline* find_pipeline(const Json& tokenizer) {
  const Json *model = member(tokenizer, "model"), *before = member(tokenizer, "pre_tokenizer");
  if (model == nullptr || before == nullptr || text(*model, "type") != "BPE") return nullptr;
  if (flag(*model, "byte_fallback", false)) return nullptr;
  const Json* normalizer = member(tokenizer, "normalizer");
  const bool nfc = normalizer != nullptr && text(*normalizer, "type") == "NFC";
  if (normalizer != nullptr && !nfc) return nullptr;
  Steps steps;
  read_step(*before, steps);
  for (const TokenizerPipeline& pipeline : kTokenizerPipelines) {
    if (steps.known && steps.pattern == pipeline.pattern && steps.digits_first == pipeline.digits_first &&
        nfc == pipeline.nfc && flag(*model, "ignore_merges", false) == pipeline.ignore_merges)
      return &pipeline;
  }
  return nullptr;
}

[[noreturn]] void refuse_tokenizer(const std::string& file, const std::string& what) {
  throw FormatError("convert: " + file + ": " + what + "; the file is damaged: get it again");
}

struct Vocabulary {
  std::vector<std::string> tokens, merges;
  std::vector<std::int64_t> types;
  std::unordered_map<std::string, std::uint64_t> ids;
};

class VocabularyReader {
 public:
  /// `rows` of the embeddings: no id reaches it, and ids that no token has are filled up.
  VocabularyReader(std::string file, std::uint64_t rows) : file_(std::move(file)), rows_(rows) {
    v_.tokens.resize(rows);
    v_.types.assign(rows, kUnused);
  }

  Vocabulary read(const Json& tokenizer) {
    const Json& model = *member(tokenizer, "model");
    const Json *vocabulary = member(model, "vocab"), *merges = member(model, "merges");
    if (vocabulary == nullptr || !vocabulary->is_object()) refuse_tokenizer(file_, "'model.vocab' is no object");
    for (const auto& [token, id] : vocabulary->items()) add(token, id, kNormal);
    if (const Json* added = member(tokenizer, "added_tokens"); added != nullptr && added->is_array())
      for (const Json& token : *added)
        add(text(token, "content"), token.is_object() ? token.value("id", Json()) : Json(),
            flag(token, "special", false) ? kControl : kUserDefined);
    if (merges == nullptr || !merges->is_array()) refuse_tokenizer(file_, "'model.merges' is no list");
    for (const Json& merge : *merges) v_.merges.push_back(merge_text(merge));
    fill_up();
    return std::move(v_);
  }

 private:
  /// Names for ids that no token has; some token may be called like that.
  void fill_up() {
    for (std::uint64_t id = 0; id < rows_; ++id) {
      if (v_.types[id] != kUnused) continue;
      std::string name = "[PAD" + std::to_string(id) + "]";
      while (v_.ids.contains(name)) name.insert(1, "_");
      v_.tokens[id] = name;
    }
  }

  void add(const std::string& token, const Json& id, TokenType type) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= rows_)
      refuse_tokenizer(file_, "the id " + id.dump() + " of token " + io::quote(token) + " is none of the " +
                                  std::to_string(rows_) + " rows of the embeddings");
    const std::uint64_t place = id.get<std::uint64_t>();
    if (token.find('\0') != std::string::npos)
      refuse_tokenizer(file_, "token " + io::quote(token) + " holds a NUL, which ends a text for llama.cpp");
    const auto [known, fresh] = v_.ids.emplace(token, place);
    if (token.empty() || known->second != place || (fresh && v_.types[place] != kUnused))
      refuse_tokenizer(
          file_, "token " + io::quote(token) + " and id " + std::to_string(place) + " are not each other's alone");
    v_.tokens[place] = token;
    v_.types[place] = type;
  }

  /// Left, a space, right: byte-level tokens hold no space, so the only one separates them.
  std::string merge_text(const Json& merge) const {
    const bool pair = merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    std::string both = merge.is_string() ? merge.get<std::string>() : "";
    if (pair) both = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
    const std::size_t space = both.find(' ');
    if (space == std::string::npos || space == 0 || space + 1 == both.size() || space != both.rfind(' '))
      refuse_tokenizer(file_, "'model.merges' holds " + io::quote(merge.dump()) + ", which is not two tokens");
    return both;
  }

  std::string file_;
  std::uint64_t rows_;
  Vocabulary v_;
};

/// What is put around every text, by tokenizer.json's TemplateProcessing: its first and its last special token.
void read_template(const Json& step, std::string& first, std::string& last) {
  if (const Json* parts = member(step, "processors"); parts != nullptr && parts->is_array())
    for (const Json& part : *parts) read_template(part, first, last);
  const Json* single = member(step, "single");
  if (single == nullptr || !single->is_array() || single->empty()) return;
  const auto special = [](const Json& piece) {
    const Json* token = member(piece, "SpecialToken");
    return token == nullptr ? std::string() : text(*token, "id");
  };
  first = special(single->front());
  last = special(single->back());
}

/// A token by its text in tokenizer_config.json, else by its id in config.json (the first of a list).
std::optional<std::uint64_t> special_id(const Json& settings, const ConfigFields& config, const Vocabulary& v,
                                        const std::string& kind) {
  if (const Json* token = member(settings, (kind + "_token").c_str()); token != nullptr) {
    const std::string name = token->is_string() ? token->get<std::string>() : text(*token, "content");
    if (const auto found = v.ids.find(name); found != v.ids.end()) return found->second;
  }
  const Json* id = config.find((kind + "_token_id").c_str());
  if (id != nullptr && id->is_array() && !id->empty()) id = &id->front();
  if (id == nullptr || !id->is_number_unsigned() || id->get<std::uint64_t>() >= v.tokens.size()) return std::nullopt;
  return id->get<std::uint64_t>();
}

std::string chat_template(const std::string& folder, const Json& settings) {
  const fs::path file = fs::path(folder) / io::kChatTemplateFile;
  std::error_code error;
  if (fs::is_regular_file(file, error)) return io::read_text_file(file.string());
  const Json* field = member(settings, "chat_template");
  if (field != nullptr && field->is_array())
    for (const Json& named : *field)
      if (text(named, "name") == "default") return text(named, "template");
  return text(settings, "chat_template");
}

Json read_json(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return Json::object();
  return io::parse_strict_json(io::read_text_file(path.string()), path.string());
}

void add_vocabulary(const Vocabulary& v, std::map<std::string, GgufValue, std::less<>>& values) {
  values["tokenizer.ggml.tokens"] = {v.tokens, GgufValueType::string};
  values["tokenizer.ggml.token_type"] = {v.types, GgufValueType::i32};
  values["tokenizer.ggml.merges"] = {v.merges, GgufValueType::string};
}

void add_special_tokens(const Json& tokenizer, const Json& settings, const ConfigFields& config, const Vocabulary& v,
                        std::map<std::string, GgufValue, std::less<>>& values) {
  std::string first, last;
  if (const Json* step = member(tokenizer, "post_processor"); step != nullptr) read_template(*step, first, last);
  std::map<std::string, std::uint64_t> ids;
  for (const auto& [kind, name] : {std::pair{"bos", "bos"}, {"eos", "eos"}, {"unk", "unknown"}, {"pad", "padding"}}) {
    const std::optional<std::uint64_t> id = special_id(settings, config, v, kind);
    if (!id) continue;
    ids[kind] = *id;
    values["tokenizer.ggml." + std::string(name) + "_token_id"] = {*id, GgufValueType::u32};
  }
  const auto adds = [&](const char* kind, const std::string& token) {
    const auto id = ids.find(kind);
    const std::string field = std::string("add_") + kind + "_token";
    const bool added =
        flag(settings, field.c_str(), id != ids.end() && !token.empty() && v.tokens[id->second] == token);
    if (added && id == ids.end())  // readers of GGUF would add a token of their own choice
      throw FormatError("convert: " + std::string(io::kTokenizerConfigFile) + ": field '" + field +
                        "' is true, but no token of the vocabulary is named as " + kind + "; name it or write false");
    return added;
  };
  values["tokenizer.ggml.add_bos_token"] = {adds("bos", first), GgufValueType::boolean};
  if (adds("eos", last)) values["tokenizer.ggml.add_eos_token"] = {true, GgufValueType::boolean};
}

}  // namespace

void add_tokenizer_metadata(const ConfigFields& config, const std::string& folder, Plan& plan) {
  const fs::path path = fs::path(folder) / io::kTokenizerFile;
  const Json tokenizer = read_json(path), settings = read_json(fs::path(folder) / io::kTokenizerConfigFile);
  const TokenizerPipeline* pipeline = find_pipeline(tokenizer);
  if (pipeline == nullptr) {
    plan.notes.push_back(path.string() +
                         (tokenizer.empty() ? " is not there" : " is of a kind that has no GGUF form here") +
                         ": no tokenizer is written, and llama.cpp will not run the file");
    return;
  }
  auto& values = plan.gguf.values;
  values["tokenizer.ggml.model"] = {std::string("gpt2"), GgufValueType::string};
  values["tokenizer.ggml.pre"] = {std::string(pipeline->pre), GgufValueType::string};
  constexpr std::uint64_t kMostTokens = 1u << 24;  // a strided tensor may claim any number of rows
  const std::uint64_t rows = config.extent("vocab_size");
  if (rows > kMostTokens) config.refuse("vocab_size", "is more than the " + std::to_string(kMostTokens) + " supported");
  const Vocabulary v = VocabularyReader(path.string(), rows).read(tokenizer);
  add_vocabulary(v, values);
  add_special_tokens(tokenizer, settings, config, v, values);
  const std::string chat = chat_template(folder, settings);
  if (!chat.empty()) values["tokenizer.chat_template"] = {chat, GgufValueType::string};
}

}  // namespace candor::convert_internal
