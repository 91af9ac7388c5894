#include "candor/convert.h"

#include <algorithm>
#include <set>

#include "candor/error.h"
#include "candor/io.h"
#include "convert/output.h"
#include "convert/plan.h"
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
  tensor.max_relative_change = change.max_relative;
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
  if (is_block(plan.source.dtype)) return "convert: dequantise";
  return is_exact(plan.source.dtype, plan.to) ? "convert: widen" : "convert: narrow";
}

/// Counts what a conversion changes, writing nothing.
ValueChange count_tensor(const Checkpoint& checkpoint, const TensorPlan& plan, const ConvertOptions& options,
                         ProgressCount& progress) {
  const ledger::CastReason reason("convert: check");
  ValueChange change;
  stream_tensor(checkpoint, plan, options.cancel, [&](const Tensor& before, const Tensor& after) {
    change.add(count_changes(before, after));
    progress.add(before.nbytes());
  });
  return change;
}

/// Writes one tensor; returns what changed when `count` says that nobody has counted yet.
ValueChange write_tensor(const Checkpoint& checkpoint, const TensorPlan& plan, const ConvertOptions& options,
                         bool count, SafetensorsWriter& writer, ProgressCount& progress) {
  ValueChange change;
  if (plan.to == plan.source.dtype) {
    stream_bytes(checkpoint, plan, options.cancel, [&](const std::byte* bytes, std::uint64_t size) {
      writer.write(bytes, size);
      progress.add(size);
    });
    return change;
  }
  const ledger::CastReason reason(cast_reason(plan));
  stream_tensor(checkpoint, plan, options.cancel, [&](const Tensor& before, const Tensor& after) {
    if (count) change.add(count_changes(before, after));
    writer.write(after.data(), after.nbytes());
    progress.add(before.nbytes());
  });
  return change;
}

/// Overflow always needs permission; becoming zero needs it in f16, whose smallest value is not that small.
bool needs_permission(const ConvertedTensor& tensor) {
  return tensor.overflowed > 0 || (tensor.to == DType::f16 && tensor.flushed > 0);
}

void refuse_losses(const std::vector<ConvertedTensor>& tensors, const std::string& input) {
  std::uint64_t lossy = 0, overflowed = 0, flushed = 0;
  std::string worst;
  constexpr std::uint64_t kNamed = 3;
  for (const ConvertedTensor& tensor : tensors) {
    if (!needs_permission(tensor)) continue;
    overflowed += tensor.overflowed;
    flushed += tensor.flushed;
    if (++lossy > kNamed) continue;
    worst += (worst.empty() ? "" : ", ") + io::quote(tensor.source_name) + " (" + std::string(dtype_name(tensor.from)) +
             " to " + std::string(dtype_name(tensor.to)) + ": " + std::to_string(tensor.overflowed) + " overflow, " +
             std::to_string(tensor.flushed) + " become zero)";
  }
  if (lossy == 0) return;
  throw ValueError(
      "convert: " + input + ": " + std::to_string(overflowed) + " finite values would become infinite and " +
      std::to_string(flushed) + " would become zero, in " + std::to_string(lossy) + " of " +
      std::to_string(tensors.size()) + " tensors: " + worst + (lossy > kNamed ? ", …" : "") +
      "; nothing was written: choose bf16 or f32, keep those tensors in f32 (--keep-f32), or allow it (--allow-lossy)");
}

std::map<std::string, std::string> file_metadata(const Plan& plan) {
  std::map<std::string, std::size_t> sources;
  for (const TensorPlan& tensor : plan.tensors) ++sources[std::string(dtype_name(tensor.source.dtype))];
  std::string text;
  for (const auto& [dtype, count] : sources) text += (text.empty() ? "" : ", ") + dtype + ": " + std::to_string(count);
  return {{"format", "pt"},
          {"candor.version", CANDOR_VERSION},
          {"candor.source_dtypes", text},
          {"candor.rounding", "nearest, ties to even; one rounding"}};
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
  const Plan plan = make_plan(checkpoint, input, !is_single_file(output), options);
  ConvertReport report = make_report(plan);
  std::vector<bool> counted(plan.tensors.size());
  count_tensors(checkpoint, plan, options, report, counted,
                [](const TensorPlan& tensor) { return !is_exact(tensor.source.dtype, tensor.to); });
  return report;
}

ConvertReport convert(const std::string& input, const std::string& output, const ConvertOptions& options) {
  const Checkpoint checkpoint = Checkpoint::open(input);
  const Plan plan = make_plan(checkpoint, input, !is_single_file(output), options);
  check_output(output, options.overwrite);
  ConvertReport report = make_report(plan);
  std::vector<bool> counted(plan.tensors.size());
  if (!options.allow_lossy) {
    count_tensors(checkpoint, plan, options, report, counted,
                  [](const TensorPlan& tensor) { return can_lose(tensor.source.dtype, tensor.to); });
    refuse_losses(report.tensors, input);
  }
  ProgressCount progress(options, "converting", report.bytes_in);
  const TensorPlan* first = plan.tensors.data();
  const auto source = [&](const TensorPlan& tensor, SafetensorsWriter& writer) {
    const std::size_t i = static_cast<std::size_t>(&tensor - first);
    const bool count = !counted[i] && !is_exact(tensor.source.dtype, tensor.to);
    const ValueChange change = write_tensor(checkpoint, tensor, options, count, writer, progress);
    if (count) set_change(report.tensors[i], change);
  };
  report.files =
      write_output(plan, file_metadata(plan), output, options.overwrite, source, kShardBytes, options.cancel);
  return report;
}

}  // namespace candor
