#include "text/jinja/strftime.h"

#include <array>
#include <ctime>

#include "candor/error.h"
#include "text/jinja/value.h"

namespace candor::jinja {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};

struct Time {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0;  // month and day count from 1
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_before(const Time& t, int month) {
  constexpr std::array<int, 12> kBefore = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  return kBefore[static_cast<std::size_t>(month - 1)] + (month > 2 && is_leap(t.year) ? 1 : 0);
}

int days_in_month(const Time& t) { return t.month == 12 ? 31 : days_before(t, t.month + 1) - days_before(t, t.month); }

int weekday(const Time& t) {  // 0 is Sunday; 1 January of year 1 was a Monday
  const int years = t.year - 1;
  return (years * 365 + years / 4 - years / 100 + years / 400 + days_before(t, t.month) + t.day) % 7;
}

Time now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  return {local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec};
}

Time parse_date(const std::string& date) {
  constexpr std::string_view kShape = "dddd-dd-dd dd:dd:dd";
  bool fits = date.size() == 10 || date.size() == kShape.size();
  for (std::size_t i = 0; fits && i < date.size(); ++i) {
    const bool digit = date[i] >= '0' && date[i] <= '9';
    fits = kShape[i] == 'd' ? digit : date[i] == kShape[i];
  }
  const auto field = [&](std::size_t at, std::size_t count) {
    return at < date.size() ? std::stoi(date.substr(at, count)) : 0;
  };
  if (fits) {
    const Time t{field(0, 4), field(5, 2), field(8, 2), field(11, 2), field(14, 2), field(17, 2)};
    const bool valid = t.year >= 1 && t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= days_in_month(t) &&
                       t.hour < 24 && t.minute < 60 && t.second < 60;
    if (valid) return t;
  }
  throw ValueError("template: the date is \"" + date.substr(0, 40) + "\", expected YYYY-MM-DD or YYYY-MM-DD HH:MM:SS");
}

std::string padded(int number, std::size_t width) {
  std::string digits = std::to_string(number);
  return std::string(width > digits.size() ? width - digits.size() : 0, '0') + digits;
}

std::string directive(char letter, const Time& t, int line) {
  const std::string day(kDays[static_cast<std::size_t>(weekday(t))]),
      month(kMonths[static_cast<std::size_t>(t.month - 1)]);
  switch (letter) {
    case 'a':
      return day.substr(0, 3);
    case 'A':
      return day;
    case 'b':
      return month.substr(0, 3);
    case 'B':
      return month;
    case 'd':
      return padded(t.day, 2);
    case 'H':
      return padded(t.hour, 2);
    case 'I':
      return padded(t.hour % 12 == 0 ? 12 : t.hour % 12, 2);
    case 'j':
      return padded(days_before(t, t.month) + t.day, 3);
    case 'm':
      return padded(t.month, 2);
    case 'M':
      return padded(t.minute, 2);
    case 'p':
      return t.hour < 12 ? "AM" : "PM";
    case 'S':
      return padded(t.second, 2);
    case 'y':
      return padded(t.year % 100, 2);
    case 'Y':
      return padded(t.year, 4);
    case '%':
      return "%";
    default:
      fail(line, std::string("strftime_now: the directive %") + letter + " is not supported");
  }
}

}  // namespace

std::string format_time(std::string_view format, const std::string& date, int line) {
  const Time t = date.empty() ? now() : parse_date(date);
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
    } else if (++i < format.size()) {
      out += directive(format[i], t, line);
    } else {
      fail(line, "strftime_now: the format ends with %");
    }
    if (out.size() > kMaxTextBytes) fail(line, "strftime_now: the text is too long");
  }
  return out;
}

}  // namespace candor::jinja
