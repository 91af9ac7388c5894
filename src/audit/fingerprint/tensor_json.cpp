#include <iterator>

#include "audit/fingerprint/counts_text.h"
#include "audit/fingerprint/tensor_record.h"
#include "audit/fingerprint/witness_kinds.h"

namespace candor::audit_internal {
namespace {

using Json = nlohmann::ordered_json;

/// Numbers by place, those that are zero left out.
template <class Numbers>
CodeCounts sparse(const Numbers& numbers) {
  CodeCounts counts;
  for (std::size_t i = 0; i < std::size(numbers); ++i)
    if (numbers[i] != 0) counts.emplace_back(static_cast<std::uint32_t>(i), numbers[i]);
  return counts;
}

Json wide_json(const Fingerprint& tensor) {
  return {{"zeros", tensor.zeros},
          {"infinities", tensor.infinities},
          {"nans", tensor.nans},
          {"subnormals", tensor.subnormals},
          {"sum_squares", real_json(tensor.sum_squares)},
          {"significands", counts_text(sparse(tensor.significands.counts))},
          {"distinct", counts_text(sparse(tensor.distinct_by_zeros))}};
}

Json witnesses_json(const std::vector<ClassWitness>& witnesses) {
  Json out = Json::array();
  for (const ClassWitness& witness : witnesses) {
    out.push_back({{"kind", witness_kind_name(witness.kind)},
                   {"index", witness.index},
                   {"code", hexadecimal_text(witness.code)}});
    if (witness.offset) out.back()["offset"] = *witness.offset;
  }
  return out;
}

Json distinct_json(const AuditDistinct& distinct) {
  return {{"extent", text_json(distinct.extent)},
          {"block", distinct.block},
          {"expected", real_json(distinct.expected)},
          {"slots", distinct.blocks.size()},
          {"blocks", counts_text(sparse(distinct.blocks))}};
}

Json scheme_json(const AuditBlockScheme& scheme) {
  return {{"name", text_json(scheme.name)},   {"extent", text_json(scheme.extent)}, {"block", scheme.block},
          {"tested", scheme.tested},          {"fitting", scheme.fitting},          {"bits", real_json(scheme.bits)},
          {"scale", real_json(scheme.scale)}, {"zero", real_json(scheme.zero)}};
}

Json blocks_json(const BlockEvidence& blocks) {
  Json out{{"sampled", blocks.sampled}, {"distinct", Json::array()}, {"schemes", Json::array()}};
  for (const AuditDistinct& distinct : blocks.distinct) out["distinct"].push_back(distinct_json(distinct));
  for (const AuditBlockScheme& scheme : blocks.schemes) out["schemes"].push_back(scheme_json(scheme));
  return out;
}

}  // namespace

Json tensor_json(const Fingerprint& tensor, const LabelFacts& label) {
  Json out{{"tensor", text_json(tensor.name)},
           {"file", text_json(tensor.file)},
           {"type", text_json(tensor.type_name)},
           {"dtype", dtype_name(tensor.dtype)},
           {"shape", tensor.shape},
           {"elements", tensor.elements},
           {"offset", tensor.offset},
           {"bytes", tensor.nbytes},
           {"identity", hexadecimal_text(tensor.identity)}};
  if (!label.contradiction.empty() || !label.sub.empty() || label.f32_by_convention)
    out["label"] = {{"contradiction", text_json(label.contradiction)},
                    {"sub", text_json(label.sub)},
                    {"f32_by_convention", label.f32_by_convention}};
  if (tensor.rows != 0) {
    out["rows"] = tensor.rows;
    out["zero_rows"] = tensor.zero_rows;
  }
  if (tensor.code_dtype != DType::any) {
    out["code_dtype"] = dtype_name(tensor.code_dtype);
    out["codes"] = counts_text(tensor.codes);
  }
  if (!tensor.significands.counts.empty()) out["wide"] = wide_json(tensor);
  if (!tensor.witnesses.empty()) out["witnesses"] = witnesses_json(tensor.witnesses);
  const BlockEvidence& blocks = tensor.blocks;
  if (blocks.sampled != 0 || !blocks.distinct.empty() || !blocks.schemes.empty()) out["blocks"] = blocks_json(blocks);
  return out;
}

}  // namespace candor::audit_internal
