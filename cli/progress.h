// A bar on stderr while something long runs; silent in a pipe.
#pragma once

#include <chrono>
#include <string>

#include "candor/generate.h"

namespace candor::cli {

/// Shows the latest Progress. Nothing appears during the first moments, so quick work leaves no flicker, and the line
/// is erased when the work is done.
class ProgressBar {
 public:
  explicit ProgressBar(bool quiet);
  ~ProgressBar() { erase(); }
  ProgressBar(const ProgressBar&) = delete;

  ProgressCallback callback();  // valid while the bar lives
  void show(const Progress& progress);
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_, utf8_;
  std::size_t width_ = 0;  // columns that the bar takes now; 0: it is not shown
  std::string what_;       // a new name starts a new measurement
  Clock::time_point start_, drawn_;
};

/// The bar as one line of at most `columns`, without control characters.
std::string progress_line(const Progress& progress, double seconds, int columns, bool utf8);

}  // namespace candor::cli
