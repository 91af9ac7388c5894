// What a checkpoint says of itself against the dtypes that its headers give.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "audit/judge/judge.h"
#include "audit/label/claims.h"
#include "candor/io.h"

namespace candor::audit_internal {

/// Claims that most weight matrices contradict, and what could not be read.
struct CheckpointLabels {
  struct Contradiction {
    Claim claim;
    std::size_t differing = 0, compared = 0;  // tensors
  };
  std::vector<Contradiction> contradictions;
  std::map<std::string, std::string, std::less<>> type_names;  // of tensors that contradict, as the file spells them
  bool gguf = false;                                           // which keeps one dimension in F32
  std::vector<std::string> notes;                              // for the report: "config.json is damaged: …"
};

/// Reads config.json beside safetensors and PyTorch files, __metadata__, general.file_type and the files' names, and
/// compares them with the tensors of two dimensions or more. Norms, biases and routers are often kept in f32, and GGUF
/// keeps all of one dimension so: a claim is contradicted when at least half of the elements compared differ.
/// `path` is what the checkpoint was opened from. A damaged or unreadable config.json is a note.
CheckpointLabels read_labels(const Checkpoint& checkpoint, const std::string& path);

/// What bears on one tensor. Empty for tensors with one dimension or none, and where nothing is contradicted.
LabelFacts label_facts(const CheckpointLabels& labels, const TensorEntry& entry);

}  // namespace candor::audit_internal
