// What the verdicts mean, in words for people who have not read the documents.
#pragma once

#include <string>
#include <string_view>

#include "candor/audit.h"

namespace candor::cli {

struct VerdictWords {
  AuditVerdict verdict;
  std::string_view phrase;   // "the weights went through f16 on the way"
  std::string_view meaning;  // what is seen, and what it says
  std::string_view advice;   // what to do
  std::string_view level;    // of SARIF: error, warning, note, none
};

/// All verdicts, findings first.
constexpr std::size_t kVerdictCount = 12;
const VerdictWords (&verdict_words())[kVerdictCount];
const VerdictWords& words_of(AuditVerdict verdict);

/// "f16-grid/via-f16"
std::string verdict_text(AuditVerdict verdict, std::string_view sub);
/// The phrase, made definite by what `sub` says: "bf16 values are stored as
/// f32".
std::string phrase_of(AuditVerdict verdict, std::string_view sub);
/// What `sub` means; empty where the verdict's own words say it all.
std::string_view sub_meaning(AuditVerdict verdict, std::string_view sub);
/// How grave a colour: "bad", "open", "good" or "soft".
std::string_view verdict_mood(AuditVerdict verdict);

/// The first letter made a capital, unless the first word is a dtype.
std::string sentence_case(std::string text);

}  // namespace candor::cli
