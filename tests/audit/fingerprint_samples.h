// Fingerprints with something in every field, the text of files that hold them, and comparisons that leave nothing out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "audit/fingerprint.h"
#include "audit/fingerprint/fingerprint_reader.h"

namespace candor::audit_internal {

Fingerprint bf16_sample(const std::string& name = "blocks.0.weight");  // codes, rows, all kinds of witness, blocks
Fingerprint f32_sample();                                              // significands, patterns, no codes
Fingerprint widened_sample();                                          // f32 whose values are bf16 codes
Fingerprint f64_sample();                                              // not finite sums, subnormals
Fingerprint integer_sample();                                          // i32: nothing but its name and place
Fingerprint empty_sample();                                            // f32 of no elements

/// A file of one checkpoint.
std::string file_text(const std::vector<TensorRecord>& records,
                      const CheckpointBegin& begin = {"model.safetensors", "safetensors"},
                      const CheckpointEnd& end = {});
/// Small files by name: the seeds of the fuzz target.
std::map<std::string, std::string> seed_texts();
/// All events of a file. errors: as the reader
std::vector<FingerprintEvent> read_all(const std::string& text, const std::string& file = "f");
/// What was read, written again.
std::string written_again(const std::vector<FingerprintEvent>& events);

void expect_same(const Fingerprint& a, const Fingerprint& b);

}  // namespace candor::audit_internal
