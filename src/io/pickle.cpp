#include "io/pickle.h"

namespace candor::io {

std::string_view Pickle::text(PickleId id) const {
  const PickleNode& node = nodes_[id];
  if (node.kind() != PickleKind::text && node.kind() != PickleKind::bytes) return {};
  return {reinterpret_cast<const char*>(file_) + node.content(), node.number()};
}

std::span<const PickleId> Pickle::items(PickleId id) const {
  PickleRange range;
  switch (kind(id)) {
    case PickleKind::tuple:
    case PickleKind::list:
    case PickleKind::dict:
    case PickleKind::set:
      range = PickleRange::of(nodes_[id].number());
      break;
    case PickleKind::call:
      range = PickleRange::of(call(id).contents);
      break;
    default:
      break;
  }
  return {items_.data() + range.first, range.count};
}

std::string_view Pickle::called(PickleId id) const {
  if (kind(id) != PickleKind::call || kind(callable(id)) != PickleKind::symbol) return {};
  return symbol(callable(id));
}

}  // namespace candor::io
