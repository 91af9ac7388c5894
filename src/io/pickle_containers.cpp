// What the machine does with tuples, lists, dicts and sets. Items of all of them stand in one array; what is added to
// one container by several opcodes is joined when the pickle stops.
#include <algorithm>

#include "io/pickle_machine.h"

namespace candor::io {
namespace {

constexpr std::uint64_t kMostItems = 1u << 24;

}  // namespace

std::string_view pickle_kind_name(PickleKind kind) {
  constexpr std::string_view kNames[] = {"None",  "a bool",    "an integer",     "a float", "a text",
                                         "bytes", "a symbol",  "a tuple",        "a list",  "a dict",
                                         "a set", "an object", "a persistent id"};
  return kNames[static_cast<std::size_t>(kind)];
}

PickleRange PickleMachine::hold(std::span<const PickleId> items) {
  std::vector<PickleId>& all = pickle_.items_;
  if (items.size() > kMostItems - all.size())
    fail("the pickle's containers hold more than " + std::to_string(kMostItems) + " items");
  const PickleRange range{static_cast<std::uint32_t>(all.size()), static_cast<std::uint32_t>(items.size())};
  all.insert(all.end(), items.begin(), items.end());
  return range;
}

void PickleMachine::extend(PickleId target, std::span<const PickleId> items, PickleKind kind) {
  const PickleKind found = pickle_.kind(target);
  if (found != kind && found != PickleKind::call)
    fail("the opcode fills " + std::string(pickle_kind_name(kind)) + " but finds " +
         std::string(pickle_kind_name(found)));
  if (items.empty()) return;
  PickleNode& node = pickle_.nodes_[target];
  const bool call = found == PickleKind::call;
  const std::uint64_t before = call ? pickle_.calls_[node.number()].contents : node.number();
  runs_.push_back({hold(items), static_cast<std::uint32_t>(before)});
  if (call)
    pickle_.calls_[node.number()].contents = runs_.size();
  else
    node.set_number(runs_.size());
}

/// The range of all runs up to `last`; of several, one behind another in memory.
std::uint64_t PickleMachine::joined(std::uint64_t last) {
  if (last == 0) return 0;
  const Run& run = runs_[last - 1];
  if (run.before == 0) return run.items.number();
  std::vector<PickleId>& all = pickle_.items_;
  const std::size_t first = all.size();
  std::uint64_t count = 0;
  for (std::uint64_t at = last; at != 0; at = runs_[at - 1].before) count += runs_[at - 1].items.count;
  all.resize(first + count);
  std::size_t end = all.size();
  for (std::uint64_t at = last; at != 0; at = runs_[at - 1].before) {
    const PickleRange items = runs_[at - 1].items;
    end -= items.count;
    std::copy_n(all.begin() + items.first, items.count, all.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return PickleRange{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count)}.number();
}

void PickleMachine::join_runs() {
  for (PickleNode& node : pickle_.nodes_)
    if (node.kind() == PickleKind::list || node.kind() == PickleKind::dict || node.kind() == PickleKind::set)
      node.set_number(joined(node.number()));
  for (PickleCall& call : pickle_.calls_) call.contents = joined(call.contents);
}

void PickleMachine::push_filled(PickleKind kind) {
  const std::vector<PickleId> items = pop_mark();
  if (kind == PickleKind::tuple) return push_tuple(items);
  const PickleId id = add(kind);
  if (kind == PickleKind::dict && items.size() % 2 != 0) fail("a key without a value");
  extend(id, items, kind);
  push(id);
}

void PickleMachine::append() {
  const PickleId item = pop();
  extend(top(), {&item, 1}, PickleKind::list);
}

void PickleMachine::set_item() {
  const PickleId value = pop(), key = pop();
  const PickleId pair[] = {key, value};
  extend(top(), pair, PickleKind::dict);
}

void PickleMachine::fill_marked(PickleKind kind) {
  const std::vector<PickleId> items = pop_mark();
  if (kind == PickleKind::dict && items.size() % 2 != 0) fail("a key without a value");
  extend(top(), items, kind);
}

}  // namespace candor::io
