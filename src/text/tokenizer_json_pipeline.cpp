#include "text/tokenizer_json_pipeline.h"

namespace candor::text {
namespace {

bool is_nfc(const JsonFields& normalizer) {
  if (normalizer.type() == "NFC") return true;
  if (normalizer.type() != "Sequence") {
    normalizer.refuse("the normalizer " + normalizer.type() + " is not supported, only NFC");
  }
  bool any = false;
  for (const nlohmann::json& part : normalizer.array("normalizers")) any |= is_nfc(JsonFields(part, normalizer.path()));
  return any;
}

SplitBehavior read_behavior(const JsonFields& split) {
  const std::string name = split.text("behavior");
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  split.refuse("the Split behavior \"" + name +
               "\" is not known; known: Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous");
}

SplitMatcher read_pattern(const JsonFields& split) {
  const JsonFields pattern = split.object("pattern");
  pattern.allow_only({"String", "Regex"});
  if (pattern.has("String")) {
    std::string text = pattern.text("String");
    if (text.empty()) split.refuse("the Split pattern is an empty string");
    return LiteralMatcher{std::move(text)};
  }
  const std::string regex = pattern.text("Regex");
  if (const std::optional<KnownPattern> known = find_known_pattern(regex)) return *known;
  return SplitRegex(regex, split.path() + ": Split");
}

/// Adds the steps of one component; returns whether it maps to bytes, after which nothing may follow.
class PreTokenizerReader {
 public:
  explicit PreTokenizerReader(PreTokenizer& out) : out_(out) {}

  void read(const JsonFields& component) {
    const std::string type = component.type();
    if (type == "Sequence") {
      for (const nlohmann::json& part : component.array("pretokenizers")) read(JsonFields(part, component.path()));
      return;
    }
    if (byte_level_) component.refuse(type + " after ByteLevel is not supported");
    if (type == "Digits") return read_digits(component);
    if (type == "Split") return read_split(component);
    if (type == "ByteLevel") return read_byte_level(component);
    component.refuse("the pre-tokenizer " + type + " is not supported; supported: Split, Digits, ByteLevel, Sequence");
  }

  bool byte_level() const { return byte_level_; }

 private:
  void read_digits(const JsonFields& digits) {
    digits.allow_only({"type", "individual_digits"});
    const bool individual = digits.flag("individual_digits");
    out_.add(DigitMatcher{}, individual ? SplitBehavior::isolated : SplitBehavior::contiguous);
  }

  void read_split(const JsonFields& split) {
    split.allow_only({"type", "pattern", "behavior", "invert"});
    out_.add(read_pattern(split), read_behavior(split), split.flag("invert"));
  }

  void read_byte_level(const JsonFields& level) {
    level.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (level.flag("add_prefix_space")) level.refuse("ByteLevel with add_prefix_space is not supported");
    if (level.flag("use_regex", true)) out_.add(KnownPattern::gpt2);
    byte_level_ = true;
  }

  PreTokenizer& out_;
  bool byte_level_ = false;
};

TokenId checked_token(const nlohmann::json& id, std::size_t vocabulary_size, const JsonFields& where) {
  const bool fits = id.is_number_unsigned() && id.get<std::uint64_t>() < vocabulary_size;
  if (!fits) {
    where.refuse("the id " + id.dump() + " is outside the vocabulary of " + std::to_string(vocabulary_size) +
                 " tokens");
  }
  return static_cast<TokenId>(id.get<std::uint64_t>());
}

/// A template such as [<bos>] A [<eos>], where A is the text.
void read_template(const JsonFields& processor, std::size_t vocabulary_size, EdgeTokens& out) {
  const JsonFields tokens = processor.object("special_tokens");
  bool seen_text = false;
  for (const nlohmann::json& entry : processor.array("single")) {
    const JsonFields piece(entry, processor.path() + ".single");
    piece.allow_only({"Sequence", "SpecialToken"});
    if (piece.has("Sequence")) {
      if (seen_text || piece.object("Sequence").text("id") != "A") piece.refuse("must hold the sequence A once");
      seen_text = true;
      continue;
    }
    const std::string name = piece.object("SpecialToken").text("id");
    const JsonFields token = tokens.object(name.c_str());
    for (const nlohmann::json& id : token.array("ids")) {
      (seen_text ? out.suffix : out.prefix).push_back(checked_token(id, vocabulary_size, token));
    }
  }
  if (!seen_text) processor.refuse("the template \"single\" lacks the sequence A");
}

void read_processor(const JsonFields& processor, std::size_t vocabulary_size, EdgeTokens& out) {
  const std::string type = processor.type();
  if (type == "ByteLevel") return;  // changes offsets only
  if (type == "TemplateProcessing") {
    if (out.stated) processor.refuse("holds more than one TemplateProcessing");
    out.stated = true;
    return read_template(processor, vocabulary_size, out);
  }
  if (type != "Sequence") {
    processor.refuse("the post-processor " + type +
                     " is not supported; supported: TemplateProcessing, ByteLevel, Sequence");
  }
  for (const nlohmann::json& part : processor.array("processors")) {
    read_processor(JsonFields(part, processor.path()), vocabulary_size, out);
  }
}

void check_one_decoder(const JsonFields& decoder) {
  if (decoder.type() == "ByteLevel") return;
  if (decoder.type() != "Sequence") {
    decoder.refuse("the decoder " + decoder.type() + " is not supported, only ByteLevel");
  }
  const nlohmann::json& parts = decoder.array("decoders");
  if (parts.size() != 1)
    decoder.refuse("a Sequence of " + std::to_string(parts.size()) + " is not supported, only ByteLevel");
  check_one_decoder(JsonFields(parts[0], decoder.path()));
}

}  // namespace

bool read_normalizer_is_nfc(const JsonFields& document) {
  return document.has("normalizer") && is_nfc(document.object("normalizer"));
}

PreTokenizer read_pre_tokenizer(const JsonFields& document) {
  PreTokenizer out;
  PreTokenizerReader reader(out);
  if (document.has("pre_tokenizer")) reader.read(document.object("pre_tokenizer"));
  if (!reader.byte_level()) {
    document.refuse("pre_tokenizer: has no ByteLevel; only byte-level BPE is supported");
  }
  return out;
}

void check_decoder(const JsonFields& document) {
  if (!document.has("decoder")) document.refuse("decoder: is missing, ByteLevel is expected");
  check_one_decoder(document.object("decoder"));
}

EdgeTokens read_post_processor(const JsonFields& document, std::size_t vocabulary_size) {
  EdgeTokens out;
  if (document.has("post_processor")) read_processor(document.object("post_processor"), vocabulary_size, out);
  return out;
}

}  // namespace candor::text
