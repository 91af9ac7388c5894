#pragma once

#include <string>
#include <string_view>

namespace candor::jinja {

/// strftime in English for the directives %a %A %b %B %d %H %I %j %m %M %p %S %y %Y %%.
/// `date`: "YYYY-MM-DD" or "YYYY-MM-DD HH:MM:SS"; empty: now, local time. errors: ValueError
std::string format_time(std::string_view format, const std::string& date, int line);

}  // namespace candor::jinja
