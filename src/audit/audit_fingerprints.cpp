// Checkpoints judged again from what an earlier audit wrote down.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>

#include "audit/cancelled.h"
#include "audit/checkpoint_audit.h"
#include "audit/fingerprint/fingerprint_reader.h"
#include "audit/selection.h"
#include "audit/severity.h"
#include "candor/audit.h"
#include "candor/error.h"
#include "candor/io.h"
#include "core/storage.h"
#include "io/refuse.h"

namespace candor {
namespace {

using namespace audit_internal;

constexpr std::string_view kSeparate = "these were different files under one path: judge each fingerprint by itself";

/// One path, from all files that name it.
struct Merged {
  Merged(const CheckpointBegin& first, const AuditOptions& options) : begin(first), judge(first, options) {}

  CheckpointBegin begin;
  CheckpointEnd end;
  CheckpointJudge judge;
  std::map<std::string, std::uint64_t, std::less<>> identities;  // of all tensors, selected or not
};

class Merger {
 public:
  explicit Merger(const AuditOptions& options) : options_(options) {}

  /// Takes the last event of `reader`. errors: FormatError
  void take(const FingerprintEvent& event, const FingerprintReader& reader) {
    if (const auto* begin = std::get_if<CheckpointBegin>(&event)) return take(*begin, reader);
    if (const auto* record = std::get_if<TensorRecord>(&event)) return take(*record, reader);
    const CheckpointEnd& end = std::get<CheckpointEnd>(event);
    CheckpointEnd& known = current_->end;
    if (known.error.empty()) known.error = end.error;
    for (const std::string& note : end.notes)
      if (std::find(known.notes.begin(), known.notes.end(), note) == known.notes.end()) known.notes.push_back(note);
  }

  std::vector<CheckpointAudit> finish() {
    std::vector<std::string_view> names;
    bool any = false;
    for (const auto& merged : merged_) {
      any |= !merged->begin.format.empty();
      for (const auto& [name, identity] : merged->identities) names.push_back(name);
    }
    if (any) check_patterns(names, options_);
    std::vector<CheckpointAudit> out;
    for (const auto& merged : merged_) out.push_back(merged->judge.conclude(merged->end));
    return out;
  }

 private:
  void take(const CheckpointBegin& begin, const FingerprintReader& reader) {
    Merged*& known = by_path_[begin.path];
    if (known == nullptr) known = merged_.emplace_back(std::make_unique<Merged>(begin, options_)).get();
    current_ = known;
    if (known->begin.format == begin.format) return;
    reader.refuse("format",
                  "the format of " + io::quote(begin.path).append(" is ") + io::quote(begin.format) + " here and " +
                      io::quote(known->begin.format) + " before",
                  kSeparate);
  }

  void take(const TensorRecord& record, const FingerprintReader& reader) {
    const Fingerprint& tensor = record.tensor;
    const auto [at, is_new] = current_->identities.emplace(tensor.name, tensor.identity);
    if (is_new && is_selected(tensor.name, options_)) current_->judge.add(tensor, record.label);
    if (at->second == tensor.identity) return;
    reader.refuse("tensor",
                  io::quote(tensor.name) + " of " + io::quote(current_->begin.path) + " has the identity " +
                      hexadecimal_text(tensor.identity) + " here and " + hexadecimal_text(at->second) + " before",
                  kSeparate);
  }

  const AuditOptions& options_;
  std::vector<std::unique_ptr<Merged>> merged_;  // in the order in which the paths were first named
  std::map<std::string, Merged*, std::less<>> by_path_;
  Merged* current_ = nullptr;
};

bool is_checkpoint(const std::string& path) {
  try {
    Checkpoint::open(path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Errors of the reader would call the file damaged, as if it had been a fingerprint.
void require_fingerprint(std::string_view text, const std::string& path) {
  if (may_be_fingerprint(text)) return;
  io::refuse("fingerprint", path, 0, "is no fingerprint that candor audit --fingerprint wrote",
             is_checkpoint(path) ? "it is a checkpoint: audit it without --from-fingerprint"
                                 : "name one, or audit a checkpoint without --from-fingerprint");
}

std::shared_ptr<Storage> map_fingerprint(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw IoError("open: " + path +
                  ": is a folder, and a fingerprint is a file that candor audit --fingerprint wrote; " +
                  "audit a folder without --from-fingerprint");
  return Storage::map_file(path);
}

void check(const std::vector<std::string>& files, const AuditOptions& options) {
  if (files.empty()) throw ValueError("audit: no fingerprint file is given; name one that an audit wrote");
  check_options(options);
  if (!options.fingerprint.empty())
    throw ValueError("audit: a fingerprint " + io::quote(options.fingerprint) +
                     " is asked for, but they are written while weights are read; files one after the other are one");
}

}  // namespace

AuditReport audit_fingerprints(const std::vector<std::string>& files, const AuditOptions& options) {
  check(files, options);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<Storage>> maps;
  Progress progress{"judging", "bytes", 0, 0};
  for (const std::string& file : files) progress.total += maps.emplace_back(map_fingerprint(file))->bytes();

  Merger merger(options);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string_view text(reinterpret_cast<const char*>(maps[i]->data()), maps[i]->bytes());
    require_fingerprint(text, files[i]);
    FingerprintReader reader(text, files[i]);
    const std::uint64_t before = progress.done;
    while (std::optional<FingerprintEvent> event = reader.next()) {
      require_not_cancelled(options.cancel);
      merger.take(*event, reader);
      progress.done = before + reader.position();
      if (options.progress) options.progress(progress);
    }
    maps[i]->release(0, maps[i]->bytes());
  }
  AuditReport report;
  report.threshold_bits = options.threshold_bits;
  report.checkpoints = merger.finish();
  report.verdict = worst_verdict(report.checkpoints);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace candor
