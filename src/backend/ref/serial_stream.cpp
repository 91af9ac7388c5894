#include "backend/ref/serial_stream.h"

#include <new>
#include <stdexcept>
#include <string>

#include "candor/error.h"

namespace candor::ref {

void SerialStream::parallel(std::int64_t count, std::int64_t /*grain*/, Task task) {
  if (count > 0) task.run(task.self, 0, count, 0);
}

std::byte* SerialStream::scratch(int /*worker*/, std::size_t bytes) { return grow(scratch_, bytes); }

std::byte* SerialStream::shared_scratch(std::size_t bytes) { return grow(shared_, bytes); }

std::byte* SerialStream::grow(std::vector<Line>& lines, std::size_t bytes) {
  const std::size_t needed = bytes / sizeof(Line) + 1;
  try {
    if (lines.size() < needed) lines.resize(needed);
  } catch (const std::exception&) {
    throw OutOfMemory("reference stream: " + std::to_string(bytes) + " bytes of scratch memory could not be had");
  }
  return lines.data()->bytes;
}

Stream& ref_stream() {
  static SerialStream stream;
  return stream;
}

}  // namespace candor::ref
