// What JSON documents share: their text, and how a precision is written in them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "candor/precision.h"
#include "cli/text_sink.h"

namespace candor::cli {

/// Indented, with a newline at the end. Paths and names out of files may be no UTF-8: what is not becomes U+FFFD.
std::string json_text(const nlohmann::ordered_json& json);

/// Calls its argument with one item of an array after the other.
using JsonItems = std::function<void(const std::function<void(const nlohmann::ordered_json&)>&)>;

/// The text of json_text() in parts, with `items` in the array that is called `member` and empty in `document`: the
/// first of that name. One item at a time is in memory.
void write_json(const TextSink& sink, const nlohmann::ordered_json& document, const std::string& member,
                const JsonItems& items);

/// JSON has no word for NaN and the infinities: "nan", "inf", "-inf".
nlohmann::ordered_json json_number(double value);

/// How every document begins: schema, time, program and machine.
nlohmann::ordered_json document_json(const std::string& schema);

/// The five words of a precision; null where there is none (ops without products).
nlohmann::ordered_json precision_json(const Precision& precision);

}  // namespace candor::cli
