// The dry run of a model: which row each op would use, layers with the same answer written once.
#include <algorithm>
#include <map>

#include "candor/error.h"
#include "candor/ops.h"
#include "models/llama/load.h"
#include "models/llama/stored.h"
#include "ops/plan.h"

namespace candor::models {
namespace {

constexpr std::int64_t kPrefillTokens = 128;

// Collects what the ops find, with where they stand.
class Walk : public ForwardObserver {
 public:
  void at(std::int64_t layer, std::string_view part) override {
    name_new_ops();
    layer_ = layer;
    part_ = part;
  }
  void phase(std::string name) {
    name_new_ops();
    phase_ = std::move(name);
  }
  std::vector<ExplainedOp> finish() {
    name_new_ops();
    std::vector<ExplainedOp> result;
    for (Group& group : groups_) {
      group.op.where = where(group);
      result.push_back(std::move(group.op));
    }
    return result;
  }

 private:
  struct Group {
    ExplainedOp op;
    std::string part;
    std::vector<std::int64_t> layers;
  };

  void name_new_ops() {
    for (; named_ < plan_.ops.size(); ++named_) add(plan_.ops[named_]);
  }

  void add(const ops::PlannedOp& planned) {
    ExplainedOp op{.op = planned.op,
                   .where = {},
                   .detail = phase_ + ": " + planned.detail,
                   .precision = planned.precision,
                   .kernel = {},
                   .isa = {},
                   .instruction_class = {},
                   .passed_over = planned.passed_over,
                   .missing = planned.missing};
    if (planned.row != nullptr) {
      op.kernel = planned.row->name;
      op.isa = isa_name(planned.row->isa);
      op.instruction_class = instruction_class_name(planned.row->instruction_class);
    }
    const std::string key =
        op.op + "|" + part_ + "|" + op.detail + "|" + to_string(op.precision) + "|" + op.kernel + "|" + op.isa;
    const auto [found, added] = index_.try_emplace(key, groups_.size());
    if (added) groups_.push_back({std::move(op), part_, {}});
    std::vector<std::int64_t>& layers = groups_[found->second].layers;
    if (layers.empty() || layers.back() != layer_) layers.push_back(layer_);
  }

  // "layers 0 … 29: attention output"
  static std::string where(const Group& group) {
    const std::vector<std::int64_t>& layers = group.layers;
    if (layers.front() < 0) return group.part;
    std::string text;
    for (std::size_t i = 0; i < layers.size();) {
      std::size_t last = i;
      while (last + 1 < layers.size() && layers[last + 1] == layers[last] + 1) ++last;
      text += (text.empty() ? "" : ", ") + std::to_string(layers[i]);
      if (last > i) text += " … " + std::to_string(layers[last]);
      i = last + 1;
    }
    return (layers.size() == 1 ? "layer " : "layers ") + text + ": " + group.part;
  }

  ops::DispatchPlan plan_;
  std::size_t named_ = 0;
  std::int64_t layer_ = -1;
  std::string part_, phase_;
  std::vector<Group> groups_;
  std::map<std::string, std::size_t> index_;
};

void walk_load(Walk& walk, const Checkpoint& checkpoint, const LlamaModel& model) {
  LlamaWeights unused;
  walk.phase("load");
  for (const StoredWeight& stored : stored_weights(checkpoint, model.config, model.precision, unused)) {
    const std::string& where = stored.slot.where;
    const bool in_layer = where.starts_with("layer ");
    walk.at(in_layer ? std::stoll(where.substr(6)) : -1, in_layer ? where.substr(where.find(": ") + 2) : where);
    Tensor weight = Tensor::shape_only(stored.slot.shape, stored.entry->dtype);
    if (stored.converts()) weight = cast(weight, stored.held);
    if (stored.layout == Layout::packed_tiles) {
      pack_tiles(weight);
    } else if (!stored.converts() && !is_block(stored.held)) {
      Tensor copy = Tensor::shape_only(stored.slot.shape, stored.held);
      copy_into(copy, weight);
    }
  }
}

void walk_forward(Walk& walk, const LlamaModel& model, const char* phase, std::int64_t first, std::int64_t tokens) {
  walk.phase(phase);
  nn::KvCache cache = nn::KvCache::shape_only(model.kv_shape(first + tokens));
  const Tensor ids = Tensor::shape_only({tokens}, DType::i32);
  const Tensor hidden =
      llama_hidden(model, ids, first, cache, {.rows = Rows::last, .cancel = nullptr, .observer = &walk});
  llama_logits(model, hidden, &walk);
}

std::string line(const std::string& text, std::size_t wanted) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) return {};
    begin = end + 1;
  }
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

std::vector<ExplainedOp> llama_plan(const Checkpoint& checkpoint, const LlamaModel& model) {
  Walk walk;
  walk_load(walk, checkpoint, model);
  const std::int64_t tokens = std::min(kPrefillTokens, model.config.context_length);
  walk_forward(walk, model, "prefill", 0, tokens);
  walk_forward(walk, model, "decode", tokens - 1, 1);
  return walk.finish();
}

void require_rows(const std::vector<ExplainedOp>& plan, const LlamaModel& model) {
  std::vector<std::pair<std::string, std::string>> missing;  // refusal, places
  for (const ExplainedOp& op : plan) {
    if (op.missing.empty()) continue;
    const auto same =
        std::find_if(missing.begin(), missing.end(), [&](const auto& m) { return m.first == op.missing; });
    if (same == missing.end()) {
      missing.emplace_back(op.missing, op.where);
    } else if (same->second.find(op.where) == std::string::npos) {
      same->second += "; " + op.where;
    }
  }
  if (missing.empty()) return;
  std::string text = "load: " + model.config.file + " in " + model.precision.to_string() + " needs " +
                     std::to_string(missing.size()) + (missing.size() == 1 ? " kernel that does" : " kernels that do") +
                     " not exist:";
  for (const auto& [refusal, places] : missing) {
    text += "\n  " + line(refusal, 0) + " (" + places + ")";
    if (const std::string nearest = line(refusal, 1); !nearest.empty()) text += "\n    " + nearest;
  }
  throw UnsupportedPrecision(text);
}

}  // namespace candor::models
