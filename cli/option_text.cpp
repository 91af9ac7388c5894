#include "cli/option_text.h"

#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace candor::cli {
namespace {

constexpr int kHelpColumn = 30;

template <class Number>
bool parse_all(const std::string& text, Number& value) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end;
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const bool bare = option->get_positional() || option->get_type_size() == 0;
    return bare ? "" : " " + option->get_type_name();
  }
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    return option->get_name(positional, !positional);
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    const std::string& fallback = option->get_default_str();
    return fallback.empty() ? option->get_description() : option->get_description() + " [" + fallback + "]";
  }
};

}  // namespace

CLI::Validator whole_number(std::int64_t low, std::int64_t high) {
  std::string wanted = "a whole number of at least " + std::to_string(low);
  if (high != std::numeric_limits<std::int64_t>::max())
    wanted = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  const auto check = [low, high, wanted](std::string& text) -> std::string {
    std::int64_t value = 0;
    if (parse_all(text, value) && value >= low && value <= high) return {};
    return "'" + text + "' is not " + wanted;
  };
  return CLI::Validator(check, "");
}

CLI::Validator unsigned_number() {
  const auto check = [](std::string& text) -> std::string {
    std::uint64_t value = 0;
    return parse_all(text, value) ? "" : "'" + text + "' is not a whole number from 0 to 18446744073709551615";
  };
  return CLI::Validator(check, "");
}

CLI::Validator finite_number() {
  const auto check = [](std::string& text) -> std::string {
    float value = 0;
    return parse_all(text, value) && std::isfinite(value) ? "" : "'" + text + "' is not a finite number";
  };
  return CLI::Validator(check, "");
}

CLI::Validator positive_number() {
  const auto check = [](std::string& text) -> std::string {
    double value = 0;
    return parse_all(text, value) && std::isfinite(value) && value > 0
               ? ""
               : "'" + text + "' is not a finite number above 0";
  };
  return CLI::Validator(check, "");
}

CLI::Validator file_name() {
  const auto check = [](std::string& text) -> std::string { return text.empty() ? "'' is no file; name one" : ""; };
  return CLI::Validator(check, "");
}

std::string memory_advice(const CLI::App& command) {
  constexpr std::pair<const char*, const char*> kRemedies[] = {{"--precision", "a narrower --precision"},
                                                               {"--context", "a smaller --context"},
                                                               {"--prefill", "a smaller --prefill"},
                                                               {"--tokens", "fewer --tokens"},
                                                               {"--text", "a shorter --text"},
                                                               {"--threads", "fewer --threads"}};
  std::vector<std::string> remedies;
  for (const auto& [option, remedy] : kRemedies)
    if (command.get_option_no_throw(option) != nullptr) remedies.emplace_back(remedy);
  if (remedies.empty()) return "end other programs, or take a machine with more";
  std::string text = "less is needed with ";
  for (std::size_t i = 0; i < remedies.size(); ++i)
    text += (i == 0 ? "" : i + 1 == remedies.size() ? " or " : ", ") + remedies[i];
  return text;
}

std::shared_ptr<CLI::FormatterBase> help_formatter() {
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(kHelpColumn);
  return formatter;
}

}  // namespace candor::cli
