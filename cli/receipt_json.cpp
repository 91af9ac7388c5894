#include "cli/json_text.h"
#include "cli/receipt.h"

namespace candor::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string name(DType dtype) { return std::string(dtype_name(dtype)); }

double bytes_per_element(std::uint64_t bytes, std::uint64_t elements) {
  return elements ? static_cast<double>(bytes) / static_cast<double>(elements) : 0;
}

Json or_null(double value) { return value > 0 ? Json(value) : Json(nullptr); }

Json bytes_by_dtype(const std::uint64_t (&bytes)[static_cast<int>(DType::count_)]) {
  Json json = Json::object();
  for (int i = 0; i < static_cast<int>(DType::count_); ++i)
    if (bytes[i]) json[name(static_cast<DType>(i))] = bytes[i];
  return json;
}

Json machine_json(const Receipt& receipt) {
  const MachineInfo& m = receipt.machine;
  return {{"cpu", m.cpu_model}, {"isa", m.active_isa},        {"best_isa", m.best_isa},        {"features", m.features},
          {"cores", m.cores},   {"threads", receipt.threads}, {"memory_bytes", m.memory_bytes}};
}

Json files_json(const Receipt& receipt) {
  Json files = Json::array();
  for (const ModelFile& file : receipt.files)
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  return files;
}

Json model_json(const ModelInfo& m) {
  const ModelPrecision& p = m.precision;
  return {{"path", m.path},
          {"format", m.format},
          {"architecture", m.architecture},
          {"name", m.name},
          {"parameters", m.parameters},
          {"precision",
           {{"weights", p.weights == DType::any ? "stored" : name(p.weights)},
            {"activations", name(p.activations)},
            {"compute", name(p.compute)},
            {"accumulate", name(p.accumulate)},
            {"kv", name(p.kv)}}},
          {"weight_bytes", m.weight_bytes},
          {"weight_bytes_per_token", m.weight_bytes_per_token},
          {"kv_bytes_per_token", m.kv_bytes_per_token},
          {"notes", m.notes}};
}

Json policy_json(const ExecPolicy& policy) {
  return {{"allow_upcast", policy.allow_upcast},
          {"allow_reference", policy.allow_reference},
          {"allow_tf32", policy.allow_tf32}};
}

Json weights_json(const ModelInfo& m) {
  Json weights = Json::array();
  for (const auto& w : m.weights)
    weights.push_back({{"dtype", name(w.dtype)},
                       {"tensors", w.tensors},
                       {"elements", w.elements},
                       {"bytes", w.bytes},
                       {"bytes_per_element", bytes_per_element(w.bytes, w.elements)}});
  return weights;
}

Json memory_json(const Receipt& receipt) {
  Json by_dtype = Json::array();
  for (const MemoryEntry& entry : receipt.memory)
    by_dtype.push_back({{"dtype", name(entry.dtype)},
                        {"allocated_bytes", entry.now},
                        {"peak_bytes", entry.peak},
                        {"mapped_bytes", entry.mapped_now}});
  return {{"by_dtype", by_dtype},
          {"workspace_bytes", receipt.workspace.now},
          {"workspace_peak_bytes", receipt.workspace.peak},
          {"kv_cache_bytes", receipt.kv_bytes},
          {"resident_peak_bytes", receipt.resident_peak_bytes}};
}

Json kernels_json(const Receipt& receipt) {
  Json kernels = Json::array();
  for (const KernelEntry& k : receipt.kernels)
    kernels.push_back({{"op", k.op},
                       {"kernel", k.kernel},
                       {"isa", k.isa},
                       {"instruction_class", k.instruction_class},
                       {"precision", precision_json(k.precision)},
                       {"calls", k.calls},
                       {"flops", k.flops},
                       {"bytes_read", bytes_by_dtype(k.bytes_read)},
                       {"bytes_written", bytes_by_dtype(k.bytes_written)},
                       {"seconds", k.seconds}});
  return kernels;
}

Json casts_json(const Receipt& receipt) {
  Json casts = Json::array();
  for (const CastEntry& c : receipt.casts)
    casts.push_back({{"from", name(c.from)},
                     {"to", name(c.to)},
                     {"reason", c.reason},
                     {"calls", c.calls},
                     {"elements", c.elements}});
  return casts;
}

Json speed_json(const Receipt& receipt) {
  if (!receipt.speed) return nullptr;
  const Speed& s = *receipt.speed;
  return {{"prompt_tokens", s.prompt_tokens},
          {"reused_tokens", s.reused_tokens},
          {"decode_steps", s.decode_steps},
          {"prefill_seconds", s.prefill_seconds},
          {"decode_seconds", s.decode_seconds},
          {"prefill_tokens_per_second", or_null(s.prefill_rate())},
          {"decode_tokens_per_second", or_null(s.decode_rate())},
          {"achieved_bytes_per_second", or_null(receipt.achieved_bytes_per_second())}};
}

Json ceilings_json(const Receipt& receipt) {
  if (!receipt.ceilings) return nullptr;
  const Ceilings& c = *receipt.ceilings;
  return {{"read_bytes_per_second", c.read_bytes_per_second},
          {"fma_flops_per_second", c.fma_flops_per_second},
          {"dpbf16_flops_per_second", or_null(c.dpbf16_flops_per_second)}};
}

}  // namespace

Json receipt_json(const Receipt& receipt) {
  const MachineInfo& m = receipt.machine;
  Json json;
  json["schema"] = kReceiptSchema;
  json["command"] = receipt.command;
  json["created"] = receipt.created;
  json["candor"] = {{"version", m.version}, {"build_hash", m.build_hash}, {"compiler", m.compiler}};
  json["machine"] = machine_json(receipt);
  json["files"] = files_json(receipt);
  json["model"] = receipt.model ? model_json(*receipt.model) : Json(nullptr);
  json["policy"] = policy_json(receipt.policy);
  json["weights"] = receipt.model ? weights_json(*receipt.model) : Json::array();
  json["memory"] = memory_json(receipt);
  json["kernels"] = kernels_json(receipt);
  json["casts"] = casts_json(receipt);
  json["denormals"] = denormal_rule(receipt.kernels);
  json["speed"] = speed_json(receipt);
  json["ceilings"] = ceilings_json(receipt);
  json["seconds"] = receipt.seconds;
  return json;
}

}  // namespace candor::cli
