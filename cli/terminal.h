// Standard output and standard error: what they are, and writing to them with every error seen.
#pragma once

#include <string>
#include <string_view>

namespace candor::cli {

/// Gives a number to standard streams that the caller closed, so that no file opened later takes theirs and gets what
/// is meant for them. Call it first.
void hold_standard_streams();
/// Sleeps until the descriptor is ready for poll's `event`, or a signal arrives.
void wait_until(int fd, short event);

bool stdin_is_terminal();
bool stdout_is_terminal();
bool stderr_is_terminal();
int stderr_columns();  // 80 when nobody knows
bool speaks_utf8();    // the locale's encoding, from LC_ALL, LC_CTYPE, LANG

/// Writes at once. errors: BrokenPipe, IoError ("standard output: No space left on device")
void write_out(std::string_view text);
/// As write_out, but a signal ends it, also while nobody reads. errors: as write_out, Cancelled
void write_report(std::string_view text);
/// Writes at once; a standard error that fails is nobody's to tell.
void write_err(std::string_view text);

/// ANSI styles for a stream; every member is "" where colour is off (NO_COLOR, TERM=dumb or none, not a terminal).
struct Style {
  std::string_view bold, dim, red, green, yellow, cyan, reset;
};
const Style& out_style();
const Style& err_style();

/// "note: …" on stderr, readable whatever a path or a file says.
void note(std::string_view text);

}  // namespace candor::cli
