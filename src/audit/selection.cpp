#include "audit/selection.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "audit/number_words.h"
#include "candor/error.h"
#include "io/name_pattern.h"
#include "io/refuse.h"

namespace candor::audit_internal {
namespace {

constexpr int kMostThreads = 1024;

bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return io::matches(pattern, name); });
}

void check(std::string_view option, const std::vector<std::string>& patterns,
           const std::vector<std::string_view>& names) {
  for (const std::string& pattern : patterns) {
    const bool used = std::any_of(names.begin(), names.end(),
                                  [&](std::string_view name) { return io::matches(pattern, std::string(name)); });
    if (used) continue;
    throw ValueError(std::string("audit: the pattern ").append(option).append(" ").append(io::quote(pattern)) +
                     (names.size() == 1 ? std::string(" does not match the only tensor")
                                        : " matches none of the " + std::to_string(names.size()) + " tensors") +
                     "; correct it or leave it out");
  }
}

}  // namespace

bool is_selected(const std::string& name, const AuditOptions& options) {
  return (options.only.empty() || any_matches(options.only, name)) && !any_matches(options.exclude, name);
}

std::vector<const TensorEntry*> select_entries(const Checkpoint& checkpoint, const AuditOptions& options) {
  std::vector<const TensorEntry*> entries;
  for (const TensorEntry& entry : checkpoint.tensors())
    if (is_selected(entry.name, options)) entries.push_back(&entry);
  return entries;
}

void check_patterns(const std::vector<std::string_view>& names, const AuditOptions& options) {
  check("only", options.only, names);
  check("exclude", options.exclude, names);
  const bool any = std::any_of(names.begin(), names.end(),
                               [&](std::string_view name) { return is_selected(std::string(name), options); });
  if (!any && !names.empty()) throw ValueError("audit: the patterns leave no tensor to judge; exclude fewer");
}

void check_options(const AuditOptions& options) {
  if (options.threads < 0 || options.threads > kMostThreads)
    throw ValueError("audit: " + std::to_string(options.threads) + " threads; 1 to " + std::to_string(kMostThreads) +
                     ", or 0 for one per core");
  if (!std::isfinite(options.threshold_bits) || options.threshold_bits <= 0)
    throw ValueError("audit: a threshold of " + short_number(options.threshold_bits) +
                     " bits; a finding needs a finite number above 0, 40 by default");
}

}  // namespace candor::audit_internal
