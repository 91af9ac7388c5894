#include "audit/diff/report.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <map>
#include <numeric>
#include <tuple>

#include "audit/diff/words.h"
#include "audit/tensor_notes.h"

namespace candor::audit_internal::comparison {
namespace {

/// What both are called: the ends of their paths, as far back as tells them apart.
std::pair<std::string, std::string> side_names(const std::string& path_a, const std::string& path_b) {
  const auto name = [](const std::string& path) {
    const std::filesystem::path p(path);
    return (p.has_filename() ? p : p.parent_path()).filename().string();
  };
  if (name(path_a) != name(path_b) && !name(path_a).empty() && !name(path_b).empty())
    return {name(path_a), name(path_b)};
  if (path_a == path_b) return {path_a, path_b + " (again)"};
  return {path_a, path_b};
}

/// 0: nothing to tell; the larger, the worse.
int badness(DiffStatus status, const DiffCounts& counts) {
  switch (status) {
    case DiffStatus::equal:
      return 0;
    case DiffStatus::same_values:
      return 1;
    case DiffStatus::reordered:
    case DiffStatus::transposed:
      return 2;
    case DiffStatus::missing:
    case DiffStatus::added:
    case DiffStatus::reshaped:
    case DiffStatus::not_compared:
      return 9;
    default:
      break;
  }
  if (counts.overflowed + counts.nan_to_infinity + counts.nan_to_finite > 0) return 8;
  if (counts.zeroed > 0) return 7;
  if (status == DiffStatus::changed) return 6;
  return counts.changed > 0 ? 5 : 3;
}

double changed_share(const DiffCounts& counts) {
  return counts.elements == 0 ? 0 : static_cast<double>(counts.changed) / static_cast<double>(counts.elements);
}

template <class Item>
bool is_worse(const Item& x, const Item& y) {
  const int bad_x = badness(x.status, x.counts), bad_y = badness(y.status, y.counts);
  return bad_x != bad_y ? bad_x > bad_y : changed_share(x.counts) > changed_share(y.counts);
}

/// In a sentence; the report's fields have the whole name.
std::string said_name(const std::string& name) {
  constexpr std::size_t kLongest = 192;
  if (name.empty()) return "(no name)";
  if (name.size() <= kLongest) return name;
  const auto continues = [&name](std::size_t at) { return (static_cast<unsigned char>(name[at]) & 0xc0) == 0x80; };
  std::size_t end = kLongest / 2, begin = name.size() - kLongest / 2;
  while (end > 0 && continues(end)) --end;
  while (begin < name.size() && continues(begin)) ++begin;
  return name.substr(0, end).append("…").append(name, begin);
}

class ClassBuilder {
 public:
  ClassBuilder(std::pair<std::string, std::string> names, bool several, std::vector<JudgedPair>& pairs)
      : names_(std::move(names)), several_(several), pairs_(pairs) {
    compared_ = static_cast<std::uint64_t>(std::count_if(pairs.begin(), pairs.end(), [](const JudgedPair& pair) {
      return pair.diff.status != DiffStatus::missing && pair.diff.status != DiffStatus::added;
    }));
  }

  void say_each();
  std::vector<DiffClass> build();

 private:
  using Members = std::vector<const JudgedPair*>;

  Saying saying(const JudgedPair& pair) const;
  std::string subject(const DiffClass& found, const std::string& name) const;
  void add(const Members& members, DiffStatus status, const std::string& history);
  void add_explained(Members members);

  std::pair<std::string, std::string> names_;
  bool several_;
  std::vector<JudgedPair>& pairs_;
  std::uint64_t compared_ = 0;
  std::vector<DiffClass> classes_;
};

Saying ClassBuilder::saying(const JudgedPair& pair) const {
  Saying s;
  s.a = names_.first;
  s.b = names_.second;
  if (several_) s.name = said_name(pair.diff.name_a.empty() ? pair.diff.name_b : pair.diff.name_a);
  s.dtype_a = pair.diff.dtype_a;
  s.dtype_b = pair.dtype_b == DType::any ? pair.diff.dtype_b : std::string(dtype_name(pair.dtype_b));
  s.blocks_a = is_block(pair.dtype_a);
  s.blocks_b = is_block(pair.dtype_b);
  s.same_dtype = pair.dtype_a == pair.dtype_b;
  s.by_value = compared_by_value(pair.dtype_a, pair.dtype_b);
  s.status = pair.diff.status;
  s.history = pair.diff.history;
  s.counts = pair.diff.counts;
  s.exceptions = pair.exceptions;
  s.max_relative = pair.diff.max_relative;
  return s;
}

/// Which ones, where there are others. Two classes may differ in nothing but their dtypes.
std::string ClassBuilder::subject(const DiffClass& found, const std::string& name) const {
  if (compared_ == 1 && !name.empty()) return "the tensor '" + name + "': ";
  if (found.tensors == compared_) return "";
  std::string dtypes = found.dtype_a;
  if (found.dtype_b != dtypes) dtypes.append(" to ").append(found.dtype_b);
  return grouped(found.tensors) + " of " + grouped(compared_) + " tensors (" + dtypes + "): ";
}

void ClassBuilder::say_each() {
  for (JudgedPair& pair : pairs_) pair.diff.sentence = sentence(saying(pair));
}

void ClassBuilder::add(const Members& members, DiffStatus status, const std::string& history) {
  DiffClass& added = classes_.emplace_back();
  added.status = status;
  added.history = history;
  added.dtype_a = members.front()->diff.dtype_a;
  added.dtype_b = members.front()->diff.dtype_b;
  added.tensors = members.size();
  Tally sum;
  for (const JudgedPair* pair : members) {
    Tally one;
    one.counts = pair->diff.counts;
    sum.add(one);
    added.exceptions += pair->exceptions;
    added.max_relative = std::max(added.max_relative, pair->diff.max_relative);
  }
  added.counts = sum.counts;
  Saying s = saying(*members.front());
  s.status = status;
  s.history = history;
  s.counts = added.counts;
  s.tensors = added.tensors;
  s.exceptions = added.exceptions;
  s.max_relative = added.max_relative;
  s.subject = subject(added, s.name);
  added.sentence = sentence(s);
}

/// Tensors of one pair of dtypes, each explained by one history at least: as few histories as explain all of them.
void ClassBuilder::add_explained(Members members) {
  while (!members.empty()) {
    std::array<std::size_t, kMostHistories> tensors{};
    for (const JudgedPair* pair : members)
      for (std::size_t k = 0; k < kMostHistories; ++k) tensors[k] += pair->explaining >> k & 1;
    const auto best = static_cast<std::size_t>(std::max_element(tensors.begin(), tensors.end()) - tensors.begin());
    const auto others = std::stable_partition(
        members.begin(), members.end(), [&](const JudgedPair* pair) { return (pair->explaining >> best & 1) != 0; });
    const Members chosen(members.begin(), others);
    const bool kept = std::all_of(chosen.begin(), chosen.end(),
                                  [](const JudgedPair* pair) { return pair->diff.status == DiffStatus::same_values; });
    add(chosen, kept ? DiffStatus::same_values : DiffStatus::explained, chosen.front()->diff.histories[best].name);
    members.erase(members.begin(), others);
  }
}

std::vector<DiffClass> ClassBuilder::build() {
  std::map<std::pair<DType, DType>, Members> explained;
  std::map<std::tuple<DiffStatus, std::string, std::string, std::string>, Members> others;
  for (const JudgedPair& pair : pairs_) {
    const TensorDiff& diff = pair.diff;
    const bool by_dtype = diff.status == DiffStatus::partly || diff.status == DiffStatus::changed ||
                          diff.status == DiffStatus::not_compared || diff.status == DiffStatus::explained;
    if (pair.explaining != 0)
      explained[{pair.dtype_a, pair.dtype_b}].push_back(&pair);
    else
      others[{diff.status, diff.history, by_dtype ? diff.dtype_a : "", by_dtype ? diff.dtype_b : ""}].push_back(&pair);
  }
  for (const auto& [dtypes, members] : explained) add_explained(members);
  for (const auto& [key, members] : others) add(members, std::get<0>(key), std::get<1>(key));
  std::stable_sort(classes_.begin(), classes_.end(), is_worse<DiffClass>);
  return std::move(classes_);
}

void add_notes(DiffReport& report) {
  std::map<std::string, std::uint64_t> matched;
  for (const TensorDiff& tensor : report.tensors) ++matched[tensor.matched_by];
  const auto note = [&](const char* by, const char* what) {
    if (const std::uint64_t count = matched[by])
      report.notes.push_back(grouped(count) + (count == 1 ? " tensor has" : " tensors have") + what);
  };
  note("bytes", " another name in B: found by shape and bytes");
  note("values", " another name in B: found by shape and values");
  note("values in another row order",
       " another name in B and the rows of each head in another order, as GGUF's Llama files store Q and K");
  const auto untyped = std::count_if(report.tensors.begin(), report.tensors.end(), [](const TensorDiff& tensor) {
    return tensor.dtype_a == kUntypedNumpy || tensor.dtype_b == kUntypedNumpy;
  });
  if (untyped > 0) report.notes.push_back(untyped_numpy_note(static_cast<std::uint64_t>(untyped)));
}

}  // namespace

DiffReport make_report(const std::string& path_a, const std::string& path_b, bool several,
                       std::vector<JudgedPair> pairs) {
  DiffReport report;
  report.path_a = path_a;
  report.path_b = path_b;
  ClassBuilder builder(side_names(path_a, path_b), several, pairs);
  builder.say_each();
  report.classes = builder.build();
  for (JudgedPair& pair : pairs) report.tensors.push_back(std::move(pair.diff));
  std::stable_sort(report.tensors.begin(), report.tensors.end(), is_worse<TensorDiff>);
  report.equal = std::all_of(report.tensors.begin(), report.tensors.end(),
                             [](const TensorDiff& tensor) { return tensor.status == DiffStatus::equal; });
  add_notes(report);
  return report;
}

}  // namespace candor::audit_internal::comparison
