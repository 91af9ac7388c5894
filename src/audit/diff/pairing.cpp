#include "audit/diff/pairing.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "audit/diff/element_stream.h"
#include "audit/diff/selection.h"
#include "audit/diff/value_sample.h"
#include "candor/error.h"

namespace candor::audit_internal::comparison {
namespace {

using Shape = std::vector<std::int64_t>;

/// Reading columns of compressed data would take the whole of them into memory.
bool can_be_exchanged(const TensorEntry& entry) {
  return entry.dtype != DType::any && entry.shape.size() == 2 && dtype_info(entry.dtype).block_elements == 1 &&
         !entry.compressed;
}
bool is_known(const TensorEntry& entry) { return entry.dtype != DType::any; }

/// Tensors without a counterpart so far; found ones become nullptr.
class LeftOver {
 public:
  LeftOver(const Checkpoint& a, const Checkpoint& b, const Crew& crew) : a_(a), b_(b), crew_(crew) {}
  void add_a(TensorPair& pair) { pairs_.push_back(&pair); }
  void add_b(const TensorEntry& entry) { others_.push_back(&entry); }
  const std::vector<const TensorEntry*>& others() const { return others_; }

  void match_bytes() {
    const auto whole = [](const TensorEntry& entry) { return entry; };
    match_hashes("bytes", whole);
    match_hashes("transposed bytes", [](const TensorEntry& entry) { return transposed(entry); });
  }
  void match_values(std::string_view by, const RowOrder& order);

 private:
  using View = TensorEntry (*)(const TensorEntry&);
  using Kind = std::tuple<DType, Shape>;

  void match_hashes(std::string_view by, View view);
  std::vector<std::uint64_t> hashes(const Checkpoint& checkpoint, const std::vector<TensorEntry>& entries) const;
  void settle() {
    std::erase_if(pairs_, [](const TensorPair* pair) { return pair->b != nullptr; });
    std::erase(others_, nullptr);
  }

  const Checkpoint &a_, &b_;
  const Crew& crew_;
  std::vector<TensorPair*> pairs_;
  std::vector<const TensorEntry*> others_;
};

std::vector<std::uint64_t> LeftOver::hashes(const Checkpoint& checkpoint,
                                            const std::vector<TensorEntry>& entries) const {
  std::vector<std::uint64_t> values(entries.size());
  const std::uint64_t bytes = std::accumulate(entries.begin(), entries.end(), std::uint64_t{0},
                                              [](std::uint64_t sum, const TensorEntry& e) { return sum + e.nbytes; });
  crew_.run("looking for renamed tensors", entries.size(), bytes, [&](std::size_t i) {
    values[i] = content_hash(checkpoint, entries[i]);
    return entries[i].nbytes;
  });
  return values;
}

/// Only tensors whose dtype and shape occur on both sides are read.
void LeftOver::match_hashes(std::string_view by, View view) {
  const auto can_match = by == "bytes" ? is_known : can_be_exchanged;
  std::map<Kind, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> kinds;
  for (std::size_t i = 0; i < pairs_.size(); ++i)
    if (can_match(*pairs_[i]->a)) kinds[{pairs_[i]->a->dtype, pairs_[i]->a->shape}].first.push_back(i);
  for (std::size_t i = 0; i < others_.size(); ++i)
    if (can_match(*others_[i])) kinds[{others_[i]->dtype, view(*others_[i]).shape}].second.push_back(i);
  std::vector<std::size_t> of_a, of_b;
  std::vector<TensorEntry> views_a, views_b;
  for (const auto& [kind, members] : kinds) {
    if (members.first.empty() || members.second.empty()) continue;
    for (const std::size_t i : members.first) (of_a.push_back(i), views_a.push_back(*pairs_[i]->a));
    for (const std::size_t i : members.second) (of_b.push_back(i), views_b.push_back(view(*others_[i])));
  }
  const std::vector<std::uint64_t> hashes_a = hashes(a_, views_a), hashes_b = hashes(b_, views_b);
  std::map<std::tuple<Kind, std::uint64_t>, std::vector<std::size_t>> found;  // in falling order, so the first is last
  for (std::size_t j = of_b.size(); j-- > 0;)
    found[{{views_b[j].dtype, views_b[j].shape}, hashes_b[j]}].push_back(of_b[j]);
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    std::vector<std::size_t>& candidates = found[{{views_a[i].dtype, views_a[i].shape}, hashes_a[i]}];
    if (candidates.empty()) continue;
    TensorPair& pair = *pairs_[of_a[i]];
    pair.b = std::exchange(others_[candidates.back()], nullptr);
    pair.matched_by = by;
    candidates.pop_back();
  }
  settle();
}

/// Only where exactly one tensor of each side fits the other: constants fit too many.
void LeftOver::match_values(std::string_view by, const RowOrder& order) {
  std::vector<std::vector<double>> samples;
  for (const TensorEntry* other : others_) {
    throw_if_cancelled(crew_.cancel());
    samples.push_back(value_sample(b_, *other, order));
  }
  std::vector<std::size_t> choice(pairs_.size()), fits_a(pairs_.size()), fits_b(others_.size());
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    throw_if_cancelled(crew_.cancel());
    const TensorEntry& entry = *pairs_[i]->a;
    const std::vector<double> sample = value_sample(a_, entry);
    for (std::size_t j = 0; j < others_.size(); ++j) {
      if (others_[j]->shape != entry.shape || !samples_agree(sample, entry.dtype, samples[j], others_[j]->dtype))
        continue;
      choice[i] = j;
      ++fits_a[i];
      ++fits_b[j];
    }
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    if (fits_a[i] != 1 || fits_b[choice[i]] != 1) continue;
    pairs_[i]->b = std::exchange(others_[choice[i]], nullptr);
    pairs_[i]->matched_by = by;
    pairs_[i]->rows = order;
  }
  settle();
}

}  // namespace

std::vector<TensorPair> pair_tensors(const Checkpoint& a, const Checkpoint& b, const DiffOptions& options,
                                     const Crew& crew) {
  check_patterns(a, b, options);
  std::vector<TensorPair> pairs;
  for (const TensorEntry& entry : a.tensors()) {
    const TensorEntry* other = b.find(entry.name);
    pairs.push_back({&entry, other, other ? "name" : "", {}});
  }
  LeftOver left(a, b, crew);
  for (TensorPair& pair : pairs)
    if (pair.b == nullptr) left.add_a(pair);
  for (const TensorEntry& entry : b.tensors())
    if (a.find(entry.name) == nullptr) left.add_b(entry);
  left.match_bytes();
  left.match_values("values", {});
  if (const RowOrder order = row_order(a, b); order.head != 0) left.match_values("values in another row order", order);
  for (const TensorEntry* entry : left.others()) pairs.push_back({nullptr, entry, "", {}});
  std::erase_if(pairs, [&](const TensorPair& pair) {  // only now are both names known
    return !is_selected(pair.a ? pair.a->name : "", pair.b ? pair.b->name : "", options);
  });
  if (pairs.empty() && !(a.tensors().empty() && b.tensors().empty()))
    throw ValueError("diff: the patterns leave no tensor to compare; exclude fewer");
  return pairs;
}

bool are_exchanged(const Checkpoint& a, const Checkpoint& b, const TensorPair& pair) {
  const std::vector<std::int64_t>&shape_a = pair.a->shape, &shape_b = pair.b->shape;
  if (shape_a.size() != 2 || shape_b.size() != 2 || shape_a[0] != shape_b[1] || shape_a[1] != shape_b[0]) return false;
  return pair.a->dtype == pair.b->dtype && can_be_exchanged(*pair.b) && same_bytes(a, *pair.a, b, transposed(*pair.b));
}

}  // namespace candor::audit_internal::comparison
