#include "io/pickle.h"

namespace candor::io {

std::string_view Pickle::text(PickleId id) const {
  const PickleNode& node = nodes_[id];
  if (node.kind != PickleKind::text && node.kind != PickleKind::bytes) return {};
  return {reinterpret_cast<const char*>(file_) + node.number, node.state};
}

std::span<const PickleId> Pickle::items(PickleId id) const {
  const PickleNode& node = nodes_[id];
  if (node.kind == PickleKind::tuple) return {tuples_.data() + node.number, node.contents};
  if (node.contents == 0) return {};
  return contents_[node.contents - 1];
}

std::string_view Pickle::called(PickleId id) const {
  if (kind(id) != PickleKind::call || kind(callable(id)) != PickleKind::symbol) return {};
  return symbol(callable(id));
}

}  // namespace candor::io
