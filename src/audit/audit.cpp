#include "candor/audit.h"

#include <chrono>
#include <filesystem>
#include <optional>

#include "audit/cancelled.h"
#include "audit/checkpoint_audit.h"
#include "audit/checkpoint_paths.h"
#include "audit/selection.h"
#include "audit/severity.h"
#include "candor/error.h"
#include "candor/io.h"
#include "io/refuse.h"

namespace candor {
namespace {

using namespace audit_internal;

/// A checkpoint, or why there is none.
struct Opened {
  std::string path, error;
  std::optional<Checkpoint> checkpoint;
};

/// All before any is read: a path that is missing should be known at once.
std::vector<Opened> open_all(const std::vector<std::string>& paths, const AuditOptions& options) {
  std::vector<Opened> opened;
  for (const std::string& path : paths)
    for (const std::string& file : expand_path(path)) {
      require_not_cancelled(options.cancel);
      Opened& next = opened.emplace_back();
      next.path = file;
      try {
        next.checkpoint = Checkpoint::open(file, {.v2_as_bf16 = options.v2_as_bf16});
      } catch (const FormatError& error) {
        next.error = error.what();
      }
    }
  return opened;
}

void check_names(const std::vector<Opened>& opened, const AuditOptions& options) {
  std::vector<std::string_view> names;
  bool any = false;
  for (const Opened& each : opened) {
    if (!each.checkpoint) continue;
    any = true;
    for (const TensorEntry& entry : each.checkpoint->tensors()) names.push_back(entry.name);
  }
  if (any) check_patterns(names, options);
}

/// A fingerprint may not replace what it is taken from.
void check_output(const std::vector<Opened>& opened, const std::string& path) {
  for (const Opened& each : opened) {
    const std::vector<std::string> files =
        each.checkpoint ? model_files(*each.checkpoint, each.path) : std::vector<std::string>{each.path};
    for (const std::string& file : files) {
      std::error_code error;
      if (!std::filesystem::equivalent(file, path, error)) continue;
      throw ValueError("audit: the fingerprint " + io::quote(path) + " would replace " + io::quote(file) +
                       ", which is to be audited; name another file");
    }
  }
}

}  // namespace

AuditReport audit(const std::vector<std::string>& paths, const AuditOptions& options) {
  if (paths.empty()) throw ValueError("audit: no path is given; name a checkpoint file or a folder");
  check_options(options);
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<Opened> opened = open_all(paths, options);
  check_names(opened, options);
  std::optional<FingerprintWriter> fingerprints;
  if (!options.fingerprint.empty()) {
    check_output(opened, options.fingerprint);
    fingerprints.emplace(options.fingerprint, opened.size());
  }

  AuditReport report;
  report.threshold_bits = options.threshold_bits;
  for (const Opened& each : opened) {
    FingerprintWriter* const writer = fingerprints ? &*fingerprints : nullptr;
    if (each.checkpoint) {
      report.checkpoints.push_back(audit_checkpoint(*each.checkpoint, each.path, options, writer));
      each.checkpoint->require_unchanged();
      continue;
    }
    report.checkpoints.push_back(refused_checkpoint(each.path, each.error));
    if (writer) writer->begin({each.path, ""});
    if (writer) writer->end({each.error, {}});
  }
  if (fingerprints) fingerprints->finish(options.cancel);
  report.verdict = worst_verdict(report.checkpoints);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace candor
