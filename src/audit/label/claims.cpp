#include "audit/label/claims.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "io/strict_json.h"

namespace candor::audit_internal {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view kConfig = "label-vs-config", kName = "label-vs-name";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

constexpr std::array<std::pair<std::string_view, DType>, 27> kSpellings = {{
    {"bfloat16", DType::bf16},
    {"bf16", DType::bf16},
    {"float16", DType::f16},
    {"fp16", DType::f16},
    {"f16", DType::f16},
    {"half", DType::f16},
    {"float32", DType::f32},
    {"fp32", DType::f32},
    {"f32", DType::f32},
    {"float", DType::f32},
    {"float64", DType::f64},
    {"fp64", DType::f64},
    {"f64", DType::f64},
    {"double", DType::f64},
    {"float8_e4m3fn", DType::f8_e4m3},
    {"float8_e4m3", DType::f8_e4m3},
    {"f8_e4m3", DType::f8_e4m3},
    {"e4m3fn", DType::f8_e4m3},
    {"e4m3", DType::f8_e4m3},
    {"float8_e5m2", DType::f8_e5m2},
    {"f8_e5m2", DType::f8_e5m2},
    {"e5m2", DType::f8_e5m2},
    {"fp8", DType::f8_e4m3},
    {"f8", DType::f8_e4m3},
    {"float8", DType::f8_e4m3},
    {"f8_e4m3fnuz", DType::f8_e4m3fnuz},
    {"f8_e5m2fnuz", DType::f8_e5m2fnuz},
}};

/// Words of file names that announce a quantiser; "Q4_K_M" is read as "q4".
bool names_a_quantiser(std::string_view word) {
  constexpr std::array<std::string_view, 9> kWords = {"int4", "int8",  "nf4",   "fp4", "gptq",
                                                      "awq",  "mxfp4", "nvfp4", "hqq"};
  if (std::find(kWords.begin(), kWords.end(), word) != kWords.end()) return true;
  if (!word.empty() && word.front() == 'i') word.remove_prefix(1);
  return word.size() == 2 && word[0] == 'q' && word[1] >= '1' && word[1] <= '8';
}

/// Words that double as ordinary ones: "half a float" is no claim in a file name.
bool is_ambiguous_word(std::string_view word) { return word == "half" || word == "float" || word == "double"; }

/// Both fp8 formats answer to "fp8".
void add_dtype(Claim& claim, std::string_view word, DType dtype) {
  claim.dtypes.push_back(dtype);
  if (word != "fp8" && word != "f8" && word != "float8") return;
  for (const DType other : {DType::f8_e5m2, DType::f8_e4m3fnuz, DType::f8_e5m2fnuz}) claim.dtypes.push_back(other);
}

/// dtype or torch_dtype of one object; nothing for "auto", null and what is not known.
std::optional<std::pair<std::string, DType>> stated_dtype(const Json& object) {
  for (const char* key : {"dtype", "torch_dtype"}) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) continue;
    const auto& label = found->get_ref<const std::string&>();
    if (const std::optional<DType> dtype = dtype_from_label(label)) return std::pair(label, *dtype);
  }
  return std::nullopt;
}

bool holds_quantisation(const Json& object) {
  const auto found = object.find("quantization_config");
  return found != object.end() && found->is_object() && !found->empty();
}

Claim quantisation_claim(const Json& config) {
  const Json& quantisation = config.at("quantization_config");
  const auto method = quantisation.find("quant_method");
  Claim claim;
  claim.said = "config.json announces quantised tensors";
  if (method != quantisation.end() && method->is_string())
    claim.said.append(" (").append(method->get_ref<const std::string&>()).append(")");
  claim.sub = kConfig;
  claim.quantised = claim.all_quantised = true;
  return claim;
}

/// general.file_type: llama.cpp's numbers for the plain ones. 1024 is added where the writer guessed.
constexpr std::uint64_t kAllF32 = 0, kMostlyF16 = 1, kMostlyBf16 = 32, kGuessed = 1024;

/// Letters and digits that stand together.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      words.back().push_back(c);
    else if (!words.back().empty())
      words.emplace_back();
  }
  return words;
}

/// "from-fp16" is what a file was made of, "via-fp16" and "trained-in-fp16" what its values went through, "fp16-fix"
/// what was done so that it can be cast.
bool tells_of_another_file(const std::vector<std::string>& words, std::size_t at) {
  const std::string before = at > 0 ? words[at - 1] : "";
  if (before == "from" || before == "via" || before == "through") return true;
  if (before == "in" && at > 1 && words[at - 2] == "trained") return true;
  return at + 1 < words.size() && words[at + 1] == "fix";
}

}  // namespace

bool is_plain_float(DType dtype) {
  return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

bool Claim::agrees(DType dtype) const {
  if (quantised && !is_plain_float(dtype)) return true;
  return std::find(dtypes.begin(), dtypes.end(), dtype) != dtypes.end();
}

std::optional<DType> dtype_from_label(std::string_view label) {
  std::string word = lower(label);
  if (word.starts_with("torch.")) word.erase(0, 6);
  for (const auto& [spelling, dtype] : kSpellings)
    if (word == spelling) return dtype;
  return std::nullopt;
}

std::vector<Claim> claims_of_config(std::string_view text, const std::string& file) {
  const Json config = io::parse_strict_json(text, file);
  std::vector<Claim> claims;
  if (!config.is_object()) return claims;
  // A part of a model may have its own dtype, so what any of them says agrees.
  Claim claim;
  claim.sub = kConfig;
  const auto add = [&claim](const Json& object, const std::string& where) {
    const auto stated = stated_dtype(object);
    if (!stated) return;
    add_dtype(claim, stated->first, stated->second);
    claim.said.append(claim.said.empty() ? "config.json says " : ", ").append(stated->first).append(where);
  };
  add(config, "");
  for (const auto& [key, value] : config.items())
    if (value.is_object() && key.ends_with("_config") && key != "quantization_config")
      add(value, std::string(" for ").append(key));
  const bool quantised = holds_quantisation(config);
  claim.quantised = quantised;  // then the dtype is that of the tensors which are not
  if (!claim.dtypes.empty()) claims.push_back(std::move(claim));
  if (quantised) claims.push_back(quantisation_claim(config));
  return claims;
}

std::optional<Claim> claim_of_file_name(const std::string& name) {
  Claim claim;
  std::string said;
  const std::vector<std::string> words = words_of(lower(name));
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::optional<DType> dtype = is_ambiguous_word(word) ? std::nullopt : dtype_from_label(word);
    if (tells_of_another_file(words, i) || (!dtype && !names_a_quantiser(word))) continue;
    if (dtype)
      add_dtype(claim, word, *dtype);
    else
      claim.quantised = true;
    said.append(said.empty() ? "" : ", ").append(word);
  }
  if (said.empty()) return std::nullopt;
  claim.said = std::string("the file's name says ").append(said);
  claim.sub = kName;
  return claim;
}

std::optional<Claim> claim_of_gguf(const GgufMetadata& metadata) {
  const std::optional<std::uint64_t> type = metadata.unsigned_integer("general.file_type");
  if (!type) return std::nullopt;
  Claim claim;
  claim.sub = kConfig;
  claim.said = std::string("general.file_type says ");
  switch (*type & ~kGuessed) {
    case kAllF32:
      claim.dtypes = {DType::f32};
      claim.said.append("F32");
      break;
    case kMostlyF16:
      claim.dtypes = {DType::f16};
      claim.said.append("F16");
      break;
    case kMostlyBf16:
      claim.dtypes = {DType::bf16};
      claim.said.append("BF16");
      break;
    default:
      claim.quantised = true;
      claim.said.append("quantised (").append(std::to_string(*type)).append(")");
  }
  return claim;
}

std::optional<Claim> claim_of_metadata(const std::map<std::string, std::string, std::less<>>& metadata) {
  for (const std::string_view key : {"dtype", "torch_dtype", "precision", "weights_dtype"}) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) continue;
    const std::optional<DType> dtype = dtype_from_label(found->second);
    if (!dtype) continue;
    Claim claim;
    claim.sub = kConfig;
    claim.said = std::string("the file's metadata say ").append(key).append(" ").append(found->second);
    add_dtype(claim, lower(found->second), *dtype);
    return claim;
  }
  return std::nullopt;
}

}  // namespace candor::audit_internal
