#include "candor/diff.h"

#include <chrono>
#include <deque>
#include <map>

#include "audit/diff/crew.h"
#include "audit/diff/pair_work.h"
#include "audit/diff/pairing.h"
#include "audit/diff/report.h"

namespace candor {
namespace audit_internal::comparison {
namespace {

struct Job {
  PairWork* work;
  std::size_t piece;
};

class Jobs {
 public:
  void add(PairWork& work) {
    for (std::size_t piece = 0; piece < work.pieces(); ++piece) list_.push_back({&work, piece});
    bytes_ += work.bytes();
  }
  template <class Function>
  void run(std::string_view what, const Crew& crew, Function function) const {
    crew.run(what, list_.size(), bytes_, [&](std::size_t i) { return function(*list_[i].work, list_[i].piece); });
  }

 private:
  std::vector<Job> list_;
  std::uint64_t bytes_ = 0;
};

/// Equal bytes are the common case, and cost no more than reading.
void look_for_differences(std::deque<PairWork>& works, const Crew& crew) {
  Jobs jobs;
  for (PairWork& work : works)
    if (work.same_kind()) jobs.add(work);
  jobs.run("comparing", crew, [](PairWork& work, std::size_t piece) { return work.look_for_difference(piece); });
}

void look_for_exchanges(std::deque<PairWork>& works, const Crew& crew) {
  std::vector<PairWork*> candidates;
  for (PairWork& work : works)
    if (work.has_both() && !work.exchanged() && work.pair().rows.head == 0 && (!work.same_shape() || work.differs()))
      candidates.push_back(&work);
  crew.run("comparing", candidates.size(), 0, [&](std::size_t i) {
    candidates[i]->look_for_exchange();
    return std::uint64_t{0};
  });
}

void count_differences(std::deque<PairWork>& works, const Crew& crew) {
  std::map<std::pair<DType, DType>, std::shared_ptr<const Comparer>> comparers;
  Jobs jobs;
  for (PairWork& work : works) {
    if (!work.same_shape() || work.exchanged() || (work.same_kind() && !work.differs())) continue;
    const auto [it, added] = comparers.try_emplace({work.dtype_a(), work.dtype_b()});
    if (added) it->second = make_comparer(work.dtype_a(), work.dtype_b());
    work.set_comparer(it->second);
    if (work.comparer() != nullptr) jobs.add(work);
  }
  jobs.run("explaining", crew, [](PairWork& work, std::size_t piece) { return work.count_piece(piece); });
}

}  // namespace
}  // namespace audit_internal::comparison

std::string_view diff_status_name(DiffStatus status) {
  switch (status) {
    case DiffStatus::equal:
      return "equal";
    case DiffStatus::same_values:
      return "same values";
    case DiffStatus::explained:
      return "explained";
    case DiffStatus::partly:
      return "partly explained";
    case DiffStatus::changed:
      return "changed";
    case DiffStatus::transposed:
      return "transposed";
    case DiffStatus::reordered:
      return "rows reordered";
    case DiffStatus::reshaped:
      return "reshaped";
    case DiffStatus::not_compared:
      return "not compared";
    case DiffStatus::missing:
      return "missing";
    case DiffStatus::added:
      return "added";
  }
  return "";
}

DiffReport diff(const std::string& path_a, const std::string& path_b, const DiffOptions& options) {
  using namespace audit_internal::comparison;
  const auto start = std::chrono::steady_clock::now();
  const Crew crew(options);
  const OpenOptions open{.v2_as_bf16 = options.v2_as_bf16};
  const Checkpoint a = Checkpoint::open(path_a, open), b = Checkpoint::open(path_b, open);
  std::deque<PairWork> works;  // does not move them
  for (const TensorPair& pair : pair_tensors(a, b, options, crew)) works.emplace_back(a, b, pair, options.cancel);
  look_for_differences(works, crew);
  look_for_exchanges(works, crew);
  count_differences(works, crew);
  std::vector<JudgedPair> judged;
  for (const PairWork& work : works) judged.push_back(judge_pair(work, a, b));
  for (const Checkpoint* checkpoint : {&a, &b}) checkpoint->require_unchanged();
  const bool several = a.tensors().size() > 1 || b.tensors().size() > 1;
  DiffReport report = make_report(path_a, path_b, several, std::move(judged));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace candor
