// Errors thrown by the library. Text: "op: what is wrong, with both values, and what would be right".
#pragma once

#include <stdexcept>
#include <string>

namespace candor {

struct Error : std::runtime_error { using std::runtime_error::runtime_error; };
struct ShapeError : Error { using Error::Error; };
struct DTypeError : Error { using Error::Error; };
struct DeviceError : Error { using Error::Error; };
struct UnsupportedPrecision : Error { using Error::Error; };  // no kernel row; lists the nearest one
struct FormatError : Error { using Error::Error; };           // a malformed file
struct IoError : Error { using Error::Error; };               // the operating system said no
struct PlacedError : IoError { using IoError::IoError; };      // an output is in its place; what came after failed
struct ExistsError : IoError { using IoError::IoError; };      // an output is there already, and was not to be replaced
struct OutOfMemory : Error { using Error::Error; };
struct Cancelled : Error { using Error::Error; };             // the caller asked to stop
struct ValueError : Error { using Error::Error; };            // an argument or option out of range

}  // namespace candor
