#include <cstdlib>

#include "audit/fingerprint/counts_text.h"
#include "audit/fingerprint/fingerprint_reader.h"
#include "candor/error.h"

namespace candor::audit_internal {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// What the judge takes for granted.
void check_tensor(const Fingerprint& tensor) {
  if (!tensor.codes.empty()) check(sum_of(tensor.codes) == tensor.elements);
  for (std::size_t i = 1; i < tensor.codes.size(); ++i) check(tensor.codes[i - 1].first < tensor.codes[i].first);
  if (tensor.code_dtype != DType::any && !tensor.codes.empty())
    check(tensor.codes.back().first >> 8 * dtype_info(tensor.code_dtype).block_bytes == 0);
  check(tensor.significands.counts.empty() == (tensor.dtype != DType::f32 && tensor.dtype != DType::f64));
  std::uint64_t values = tensor.zeros + tensor.infinities + tensor.nans;
  for (const std::uint64_t count : tensor.significands.counts) values += count;
  if (!tensor.significands.counts.empty()) check(values == tensor.elements);
  check(tensor.zero_rows <= tensor.rows && tensor.rows <= tensor.elements);
  for (const ClassWitness& witness : tensor.witnesses) check(witness.index < tensor.elements);
}

/// The events of a file that is accepted, written again; the tensors are checked on the way.
std::string written_again(std::string_view text) {
  FingerprintReader reader(text, "fuzz");
  std::string out;
  std::uint64_t checkpoints = 0, tensors = 0;
  while (const std::optional<FingerprintEvent> event = reader.next()) {
    if (const auto* begin = std::get_if<CheckpointBegin>(&*event)) {
      out += checkpoint_line(*begin);
      tensors = 0;
    } else if (const auto* record = std::get_if<TensorRecord>(&*event)) {
      check_tensor(record->tensor);
      out += tensor_line(record->tensor, record->label);
      ++tensors;
    } else {
      out += end_line(tensors, std::get<CheckpointEnd>(*event));
      ++checkpoints;
    }
  }
  check(reader.position() == text.size());
  return header_line(checkpoints, "fuzz") + out;
}

}  // namespace
}  // namespace candor::audit_internal

// What is accepted means the same when it is written again, in one spelling.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace candor::audit_internal;
  try {
    const std::string once = written_again({reinterpret_cast<const char*>(data), size});
    if (written_again(once) != once) std::abort();
  } catch (const candor::FormatError&) {
  } catch (const candor::ValueError&) {  // a line of nearly 4 MiB may be longer in the one spelling
  }
  return 0;
}
