// Other numbers of workers for a while.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "kernels/registry.h"

namespace candor::prove {

/// The numbers of workers that these backends have now, given back at the end.
class Workers {
 public:
  explicit Workers(std::span<const Backend> backends);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Of every backend whose number is not fixed. false: the system does not give so many
  bool set(int count) const;
  /// New ones, as many as before, whose scratch memory is empty.
  void renew() const;

 private:
  std::vector<std::pair<const Backend*, int>> before_;
};

}  // namespace candor::prove
