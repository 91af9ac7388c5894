#include "audit/fingerprint/fingerprint_writer.h"

namespace candor::audit_internal {

FingerprintWriter::FingerprintWriter(const std::string& path, std::uint64_t checkpoints) : file_(path, true) {
  write(header_line(checkpoints, "candor " CANDOR_VERSION));
}

void FingerprintWriter::begin(const CheckpointBegin& checkpoint) {
  tensors_ = 0;
  write(checkpoint_line(checkpoint));
}

void FingerprintWriter::add(const Fingerprint& tensor, const LabelFacts& label) {
  ++tensors_;
  write(tensor_line(tensor, label));
}

void FingerprintWriter::end(const CheckpointEnd& checkpoint) { write(end_line(tensors_, checkpoint)); }

void FingerprintWriter::finish(const std::atomic<bool>* cancel) { file_.finish(cancel); }

}  // namespace candor::audit_internal
