#include "io/inflate_stream.h"

#include <zlib.h>

#include <algorithm>

#include "candor/error.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

constexpr std::uint64_t kPiece = 1u << 30;  // zlib counts in 32 bits

}  // namespace

struct InflateStream::Zlib {
  z_stream stream{};
};

InflateStream::InflateStream(const std::byte* file, const DeflatedBytes& place, std::string path)
    : path_(std::move(path)),
      place_(place),
      crc_(::crc32(0, nullptr, 0)),
      file_(file),
      zlib_(std::make_unique<Zlib>()) {
  constexpr int kRawDeflate = -15;  // no zlib header, windows up to 32 KiB
  if (::inflateInit2(&zlib_->stream, kRawDeflate) != Z_OK)
    throw OutOfMemory("inflate: " + path_ + ": zlib has no memory for its window; close other programs");
}

InflateStream::~InflateStream() { ::inflateEnd(&zlib_->stream); }

void InflateStream::fail(const std::string& what) const {
  refuse("zip", path_, place_.offset + given_ - zlib_->stream.avail_in, what, kGetAgain);
}

/// More input for zlib when it has none left.
void InflateStream::feed() {
  z_stream& z = zlib_->stream;
  if (z.avail_in != 0 || given_ == place_.stored_bytes) return;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(file_ + place_.offset + given_));  // zlib only reads it
  z.avail_in = static_cast<uInt>(std::min(kPiece, place_.stored_bytes - given_));
  given_ += z.avail_in;
}

/// Inflates up to `bytes` (at most kPiece) to `out`; returns how many came, 0 at the end of the data.
std::uint64_t InflateStream::step(std::byte* out, std::uint64_t bytes) {
  z_stream& z = zlib_->stream;
  z.next_out = reinterpret_cast<Bytef*>(out);
  z.avail_out = static_cast<uInt>(bytes);
  while (!ended_ && z.avail_out == bytes) {
    feed();
    const int result = ::inflate(&z, Z_NO_FLUSH);
    if (result == Z_STREAM_END) ended_ = true;
    if (result == Z_BUF_ERROR) break;  // no input is left
    if (result != Z_OK && result != Z_STREAM_END)
      fail(std::string("the deflated data are damaged: ") + (z.msg != nullptr ? z.msg : "zlib gives no reason"));
  }
  return bytes - z.avail_out;
}

void InflateStream::read(std::byte* out, std::uint64_t bytes) {
  if (bytes > place_.bytes - read_) throw Error("inflate: " + path_ + ": more bytes are wanted than the entry claims");
  while (bytes > 0) {
    const std::uint64_t made = step(out, std::min(kPiece, bytes));
    if (made == 0)
      fail("the deflated data end after " + std::to_string(read_) + " of " + std::to_string(place_.bytes) + " bytes");
    crc_ = ::crc32(crc_, reinterpret_cast<const Bytef*>(out), static_cast<uInt>(made));
    out += made;
    bytes -= made;
    read_ += made;
  }
  if (read_ == place_.bytes) finish();
}

void InflateStream::finish() {
  std::byte beyond{};
  if (step(&beyond, 1) != 0)
    fail("the deflated data go on after the " + std::to_string(place_.bytes) + " bytes claimed");
  if (!ended_) fail("the deflated data do not end");
  if (zlib_->stream.avail_in != 0 || given_ != place_.stored_bytes) fail("bytes follow the end of the deflated data");
  if (crc_ != place_.crc) fail("the inflated data have another crc than the directory says");
}

}  // namespace candor::io
