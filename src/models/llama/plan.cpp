// The dry run of a model: which row each op would use, layers with the same answer written once.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "candor/error.h"
#include "candor/ops.h"
#include "models/llama/load.h"
#include "models/llama/stored.h"
#include "ops/plan.h"

namespace candor::models {
namespace {

constexpr std::int64_t kPrefillTokens = 128;

using Layers = std::set<std::int64_t>;  // -1: outside the layers

// An op and the layers in which it has the same answer.
struct PlacedOp {
  ExplainedOp op;
  std::string part;
  Layers layers;
};

// "layers 0 … 29: attention output"
std::string place(const std::string& part, const Layers& layers) {
  if (*layers.begin() < 0) return part;
  std::string text;
  for (auto first = layers.begin(); first != layers.end();) {
    auto last = first;
    while (std::next(last) != layers.end() && *std::next(last) == *last + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(*first);
    if (last != first) text += " … " + std::to_string(*last);
    first = std::next(last);
  }
  return (layers.size() == 1 ? "layer " : "layers ") + text + ": " + part;
}

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
  std::vector<PlacedOp> finish() {
    name_new_ops();
    return std::move(placed_);
  }

 private:
  void name_new_ops() {
    for (; named_ < plan_.ops.size(); ++named_) add(plan_.ops[named_]);
  }

  void add(const ops::PlannedOp& planned) {
    ExplainedOp op{.op = planned.op,
                   .where = {},
                   .detail = phase_ + ": " + planned.detail,
                   .precision = planned.precision,
                   .kernel = planned.kernel,
                   .isa = planned.isa,
                   .instruction_class = planned.instruction_class,
                   .passed_over = planned.passed_over,
                   .missing = planned.missing};
    const std::string key =
        op.op + "|" + part_ + "|" + op.detail + "|" + to_string(op.precision) + "|" + op.kernel + "|" + op.isa;
    const auto [found, added] = index_.try_emplace(key, placed_.size());
    if (added) placed_.push_back({std::move(op), part_, {}});
    placed_[found->second].layers.insert(layer_);
  }

  ops::DispatchPlan plan_;
  std::size_t named_ = 0;
  std::int64_t layer_ = -1;
  std::string part_, phase_;
  std::vector<PlacedOp> placed_;
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

std::vector<PlacedOp> walk_all(const Checkpoint& checkpoint, const LlamaModel& model) {
  Walk walk;
  walk_load(walk, checkpoint, model);
  const std::int64_t tokens = std::min(kPrefillTokens, model.config.context_length);
  walk_forward(walk, model, "prefill", 0, tokens);
  walk_forward(walk, model, "decode", tokens - 1, 1);
  return walk.finish();
}

// A row that does not exist and the parts that want it, each with its layers of loading, prefill and decode together.
struct MissingRow {
  std::string refusal;
  std::vector<std::pair<std::string, Layers>> parts;

  Layers& layers_of(const std::string& part) {
    for (auto& [name, layers] : parts)
      if (name == part) return layers;
    return parts.emplace_back(part, Layers{}).second;
  }
};

std::vector<MissingRow> missing_rows(const std::vector<PlacedOp>& plan) {
  std::vector<MissingRow> missing;
  for (const PlacedOp& placed : plan) {
    if (placed.op.missing.empty()) continue;
    auto same = std::ranges::find(missing, placed.op.missing, &MissingRow::refusal);
    if (same == missing.end()) same = missing.insert(same, {placed.op.missing, {}});
    same->layers_of(placed.part).insert(placed.layers.begin(), placed.layers.end());
  }
  return missing;
}

}  // namespace

std::vector<ExplainedOp> llama_plan(const Checkpoint& checkpoint, const LlamaModel& model) {
  std::vector<ExplainedOp> plan;
  for (PlacedOp& placed : walk_all(checkpoint, model)) {
    placed.op.where = place(placed.part, placed.layers);
    plan.push_back(std::move(placed.op));
  }
  return plan;
}

void require_rows(const Checkpoint& checkpoint, const LlamaModel& model) {
  const std::vector<MissingRow> missing = missing_rows(walk_all(checkpoint, model));
  if (missing.empty()) return;
  std::string text = "load: " + model.config.file + " in " + model.precision.to_string() + " needs " +
                     std::to_string(missing.size()) + (missing.size() == 1 ? " kernel that does" : " kernels that do") +
                     " not exist:";
  for (const MissingRow& row : missing) {
    std::string places;
    for (const auto& [part, layers] : row.parts) places += (places.empty() ? "" : "; ") + place(part, layers);
    text += "\n  " + line(row.refusal, 0) + " (" + places + ")";
    if (const std::string nearest = line(row.refusal, 1); !nearest.empty()) text += "\n    " + nearest;
  }
  throw UnsupportedPrecision(text);
}

}  // namespace candor::models
