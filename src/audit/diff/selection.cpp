#include "audit/diff/selection.h"

#include <algorithm>

#include "audit/number_words.h"
#include "candor/error.h"
#include "io/name_pattern.h"
#include "io/refuse.h"

namespace candor::audit_internal::comparison {
namespace {

bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
  return !name.empty() &&
         std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return io::matches(p, name); });
}

bool names_a_tensor(const Checkpoint& checkpoint, const std::string& pattern) {
  const std::vector<TensorEntry>& tensors = checkpoint.tensors();
  return std::any_of(tensors.begin(), tensors.end(),
                     [&](const TensorEntry& entry) { return io::matches(pattern, entry.name); });
}

}  // namespace

void check_patterns(const Checkpoint& a, const Checkpoint& b, const DiffOptions& options) {
  for (const std::vector<std::string>* patterns : {&options.only, &options.exclude}) {
    for (const std::string& pattern : *patterns) {
      if (names_a_tensor(a, pattern) || names_a_tensor(b, pattern)) continue;
      throw ValueError("diff: the pattern " + io::quote(pattern) + " matches nothing in A (" +
                       counted(a.tensors().size(), "tensor", "tensors") + ") or B (" +
                       counted(b.tensors().size(), "tensor", "tensors") + "); correct it or leave it out");
    }
  }
}

bool is_selected(const std::string& name_a, const std::string& name_b, const DiffOptions& options) {
  if (any_matches(options.exclude, name_a) || any_matches(options.exclude, name_b)) return false;
  return options.only.empty() || any_matches(options.only, name_a) || any_matches(options.only, name_b);
}

}  // namespace candor::audit_internal::comparison
