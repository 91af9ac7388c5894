#include "prove/workers.h"

#include "candor/error.h"

namespace candor::prove {
namespace {

bool set_workers(const Backend& backend, int count) {
  try {
    backend.set_workers(count);
    return true;
  } catch (const DeviceError&) {  // the number stays as it was
    return false;
  }
}

}  // namespace

Workers::Workers(std::span<const Backend> backends) {
  for (const Backend& backend : backends)
    if (backend.built && backend.set_workers != nullptr) before_.emplace_back(&backend, backend.stream().workers());
}

Workers::~Workers() {
  for (const auto& [backend, count] : before_) set_workers(*backend, count);
}

bool Workers::set(int count) const {
  bool all = true;
  for (const auto& [backend, before] : before_) all = set_workers(*backend, count) && all;
  return all;
}

void Workers::renew() const {
  for (const auto& [backend, count] : before_)
    if (set_workers(*backend, count == 1 ? 2 : count - 1)) set_workers(*backend, count);
}

}  // namespace candor::prove
