#include "generate/stop_strings.h"

#include <algorithm>

#include "candor/error.h"

namespace candor::generation {

StopStrings::StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_)
    if (stop.empty()) throw ValueError("generate: an empty stop string would end every answer; leave it out");
}

// Bytes at the end of pending_ that are a proper prefix of a stop string.
std::size_t StopStrings::held_back() const {
  std::size_t longest = 0;
  for (const std::string& stop : stops_)
    for (std::size_t n = std::min(stop.size() - 1, pending_.size()); n > longest; --n)
      if (pending_.compare(pending_.size() - n, n, stop, 0, n) == 0) longest = n;
  return longest;
}

std::string StopStrings::push(std::string_view text) {
  if (stopped_) return {};
  pending_ += text;
  std::size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, pending_.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    std::string shown = pending_.substr(0, first);
    pending_.clear();
    return shown;
  }
  const std::size_t safe = pending_.size() - held_back();
  std::string shown = pending_.substr(0, safe);
  pending_.erase(0, safe);
  return shown;
}

std::string StopStrings::flush() {
  std::string shown;
  if (!stopped_) shown.swap(pending_);
  return shown;
}

}  // namespace candor::generation
