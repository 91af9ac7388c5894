#include "candor/convert.h"

#include <algorithm>

#include "candor/error.h"
#include "candor/io.h"
#include "convert/copied_tensors.h"
#include "convert/file_metadata.h"
#include "convert/output.h"
#include "convert/plan.h"
#include "convert/refusal.h"
#include "convert/tensor_stream.h"
#include "convert/value_change.h"
#include "core/ledger.h"
#include "io/checked.h"
#include "io/refuse.h"

namespace candor {
namespace {

using namespace convert_internal;

ConvertedTensor describe(const TensorPlan& plan) {
  ConvertedTensor tensor;
  tensor.source_name = plan.source.name;
  tensor.name = plan.name;
  tensor.from = plan.source.dtype;
  tensor.to = plan.to;
  tensor.shape = plan.source.shape;
  tensor.elements = *io::checked_elements(plan.source.shape);
  return tensor;
}

void set_change(ConvertedTensor& tensor, const ValueChange& change) {
  tensor.changed = change.changed;
  tensor.overflowed = change.overflowed;
  tensor.flushed = change.flushed;
  tensor.became_subnormal = change.became_subnormal;
  tensor.unreachable = change.unreachable;
  tensor.max_relative_change = change.max_relative;
  tensor.max_ulps = change.max_ulps;
  tensor.first_unreachable = change.first;
  tensor.first_overflowed = change.first_overflowed;
  tensor.first_flushed = change.first_flushed;
}

/// Reports bytes of the source that are done, out of `total`.
class ProgressCount {
 public:
  ProgressCount(const ConvertOptions& options, std::string_view what, std::uint64_t total)
      : options_(options), what_(what), total_(total) {
    add(0);
  }
  void add(std::uint64_t bytes) {
    done_ += bytes;
    if (options_.progress) options_.progress({what_, "bytes", done_, total_});
  }

 private:
  const ConvertOptions& options_;
  std::string_view what_;
  std::uint64_t done_ = 0, total_;
};

/// What a cast of a conversion is called in receipts.
std::string_view cast_reason(const TensorPlan& plan) {
  if (plan.stochastic_key) return "convert: round stochastically";
  if (is_block(plan.source.dtype)) return "convert: dequantise";
  return is_exact(plan.source.dtype, plan.to) ? "convert: widen" : "convert: narrow";
}

/// Counts what a conversion changes, writing nothing.
ValueChange count_tensor(const Checkpoint& checkpoint, const TensorPlan& plan, const ConvertOptions& options,
                         ProgressCount& progress) {
  const ledger::CastReason reason("convert: check");
  ValueChange change;
  std::uint64_t done = 0;  // elements
  stream_tensor(checkpoint, plan, options.cancel, [&](const Tensor& before, const Tensor& after) {
    change.add(count_changes(before, after, done));
    done += static_cast<std::uint64_t>(before.elements());
    progress.add(before.nbytes());
  });
  return change;
}

/// The source's bytes as they are.
void copy_tensor(const Checkpoint& checkpoint, const TensorPlan& plan, const ConvertOptions& options,
                 CopiedTensors& copied, CheckpointWriter& writer, ProgressCount& progress) {
  io::ContentHash& hash = copied.add(plan.name);
  stream_bytes(checkpoint, plan, options.cancel, [&](const std::byte* bytes, std::uint64_t size) {
    hash.add(bytes, static_cast<std::size_t>(size));
    writer.write(bytes, size);
    progress.add(size);
  });
}

/// Writes one tensor in another dtype; returns what changed when `count` says that nobody has counted yet.
ValueChange cast_tensor(const Checkpoint& checkpoint, const TensorPlan& plan, const ConvertOptions& options, bool count,
                        CheckpointWriter& writer, ProgressCount& progress) {
  ValueChange change;
  std::uint64_t done = 0;  // elements
  const ledger::CastReason reason(cast_reason(plan));
  stream_tensor(checkpoint, plan, options.cancel, [&](const Tensor& before, const Tensor& after) {
    if (count) change.add(count_changes(before, after, done));
    done += static_cast<std::uint64_t>(before.elements());
    writer.write(after.data(), after.nbytes());
    progress.add(before.nbytes());
  });
  return change;
}

ConvertReport make_report(const Plan& plan) {
  ConvertReport report;
  report.notes = plan.notes;
  for (const TensorPlan& tensor : plan.tensors) {
    report.tensors.push_back(describe(tensor));
    report.bytes_in += tensor.source.nbytes;
    report.bytes_out += *dtype_bytes(tensor.to, report.tensors.back().elements);
  }
  return report;
}

/// Counts every tensor for which `wanted` holds. Sets `counted`.
template <class Wanted>
void count_tensors(const Checkpoint& checkpoint, const Plan& plan, const ConvertOptions& options, ConvertReport& report,
                   std::vector<bool>& counted, Wanted&& wanted) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
    counted[i] = wanted(plan.tensors[i]);
    if (counted[i]) total += plan.tensors[i].source.nbytes;
  }
  if (total == 0) return;
  ProgressCount progress(options, "checking", total);
  for (std::size_t i = 0; i < plan.tensors.size(); ++i)
    if (counted[i]) set_change(report.tensors[i], count_tensor(checkpoint, plan.tensors[i], options, progress));
}

}  // namespace

ConvertReport convert_plan(const std::string& input, const std::string& output, const ConvertOptions& options) {
  const Checkpoint checkpoint = Checkpoint::open(input);
  const Plan plan = make_plan(checkpoint, input, output, options);
  ConvertReport report = make_report(plan);
  std::vector<bool> counted(plan.tensors.size());
  count_tensors(checkpoint, plan, options, report, counted,
                [](const TensorPlan& tensor) { return !is_exact(tensor.source.dtype, tensor.to); });
  checkpoint.require_unchanged();
  report.refusal = refusal_text(report.tensors, input);
  return report;
}

ConvertReport convert(const std::string& input, const std::string& output, const ConvertOptions& options) {
  const Checkpoint checkpoint = Checkpoint::open(input);
  const std::vector<std::string> files = checkpoint.files();
  std::vector<InputFile> read(files.begin(), files.end());
  const Plan plan = make_plan(checkpoint, input, output, options);
  for (const SideFile& file : plan.files)
    if (file.read) read.push_back(*file.read);
  check_output(output, options.overwrite, read);
  ConvertReport report = make_report(plan);
  std::vector<bool> counted(plan.tensors.size());
  if (!options.allow_lossy) {
    count_tensors(checkpoint, plan, options, report, counted,
                  [](const TensorPlan& tensor) { return can_lose(tensor.source.dtype, tensor.to); });
    checkpoint.require_unchanged();  // before anything is said of its values
    if (const std::string text = refusal_text(report.tensors, input); !text.empty()) throw ValueError(text);
  }
  ProgressCount progress(options, "converting", report.bytes_in);
  const TensorPlan* first = plan.tensors.data();
  CopiedTensors copied;
  const auto source = [&](const TensorPlan& tensor, CheckpointWriter& writer) {
    if (tensor.to == tensor.source.dtype) return copy_tensor(checkpoint, tensor, options, copied, writer, progress);
    const std::size_t i = static_cast<std::size_t>(&tensor - first);
    const bool count = !counted[i] && !is_exact(tensor.source.dtype, tensor.to);
    const ValueChange change = cast_tensor(checkpoint, tensor, options, count, writer, progress);
    if (count) set_change(report.tensors[i], change);
  };
  const auto verify = [&](const std::string& written) {
    checkpoint.require_unchanged();
    copied.verify(written, output_kind(output), options.cancel);
  };
  const Destination destination = {
      output, options.overwrite, file_metadata(checkpoint, plan, options), kShardBytes, verify, read};
  report.files = write_output(plan, destination, source, options.cancel);
  return report;
}

}  // namespace candor
