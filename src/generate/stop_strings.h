// Watches a growing text for the strings that end it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace candor::generation {

/// Text arrives in pieces; what can no longer become part of a stop string comes out.
class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops);  // errors: ValueError (an empty stop string)

  /// Adds text and returns what is safe to show. After stopped() nothing more comes out.
  std::string push(std::string_view text);
  /// The text is over: returns what was held back.
  std::string flush();
  bool stopped() const { return stopped_; }

 private:
  std::size_t held_back() const;
  std::vector<std::string> stops_;
  std::string pending_;  // a prefix of some stop string may be starting here
  bool stopped_ = false;
};

}  // namespace candor::generation
