// The JSON of a safetensors header, read event by event so that duplicates, fractions and depth are seen.
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "io/counting_iterator.h"
#include "io/refuse.h"
#include "io/safetensors_header.h"

namespace candor::io {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kJsonStart = 8;  // byte of the file where the JSON begins
constexpr std::size_t kMaxExtents = 64;  // far above any tensor; keeps a hostile header from growing in memory
constexpr std::string_view kMetadata = "__metadata__";

class Handler final : public nlohmann::json_sax<Json> {
 public:
  Handler(const char* text, const std::string& file) : text_(text), furthest_(text), file_(file) {}

  const char** furthest() { return &furthest_; }
  RawHeader take() { return std::move(header_); }

  bool null() override { return unexpected(scalar_at(), "null"); }
  bool boolean(bool) override { return unexpected(scalar_at(), "a boolean"); }
  bool number_integer(number_integer_t value) override {
    return unexpected(scalar_at(), "the negative number " + std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& digits) override {
    return unexpected(scalar_at(), "the number " + quote(digits) + ", which is not an integer of 64 bits,");
  }
  bool binary(binary_t&) override { return unexpected(scalar_at(), "binary data"); }
  bool number_unsigned(number_unsigned_t value) override;
  bool string(string_t& value) override;
  bool start_object(std::size_t) override;
  bool key(string_t& key) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t count, const std::string& token, const nlohmann::detail::exception&) override {
    // The parser counts the end as one more character; otherwise the last one it read is the wrong one.
    const bool at_end = count > static_cast<std::size_t>(furthest_ - text_);
    fail_at(byte_of(furthest_ - (at_end ? 0 : 1)), "the header is not valid JSON near " + quote(token));
  }

 private:
  enum class Where { start, root, metadata, tensor, shape, offsets };
  enum class Field { none, dtype, shape, offsets };

  // Where the token that the parser has just read begins.
  std::uint64_t byte_of(const char* p) const { return kJsonStart + static_cast<std::uint64_t>(p - text_); }
  std::uint64_t string_at() const { return byte_of(string_start(text_, furthest_)); }  // also a key
  std::uint64_t scalar_at() const { return byte_of(scalar_start(text_, furthest_)); }
  std::uint64_t bracket_at() const { return byte_of(furthest_ - 1); }
  bool root_key(const std::string& key);
  bool tensor_key(const std::string& key);
  std::string subject() const {
    if (where_ == Where::metadata) return "__metadata__ key " + quote(metadata_key_);
    return where_ == Where::start || where_ == Where::root ? "the header" : "tensor " + quote(tensor_.name);
  }
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& what) const {
    refuse("safetensors", file_, offset, what,
           "the file is damaged or was not written by a safetensors writer: get it again");
  }
  [[noreturn]] bool unexpected(std::uint64_t offset, const std::string& what) const {
    fail_at(offset, subject() + " holds " + what + " where " + wanted() + " belongs");
  }
  std::string wanted() const;

  const char* text_;
  const char* furthest_;
  const std::string& file_;
  RawHeader header_;
  RawTensor tensor_;
  std::string metadata_key_;
  std::unordered_set<std::string> names_;
  Where where_ = Where::start;
  Field field_ = Field::none;
  bool metadata_next_ = false, has_metadata_ = false, tensor_next_ = false;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  int offsets_seen_ = 0;
};

std::string Handler::wanted() const {
  switch (where_) {
    case Where::start:
      return "an object";
    case Where::root:
      return "an object for " + quote(metadata_next_ ? std::string(kMetadata) : tensor_.name);
    case Where::metadata:
      return "a string";
    case Where::shape:
      return "an extent (an unsigned integer)";
    case Where::offsets:
      return "an offset (an unsigned integer)";
    case Where::tensor:
      break;
  }
  return field_ == Field::dtype   ? "the dtype's name"
         : field_ == Field::shape ? "the shape's array"
                                  : "the array of data_offsets";
}

bool Handler::start_object(std::size_t) {
  if (where_ == Where::start) {
    where_ = Where::root;
  } else if (where_ == Where::root && metadata_next_) {
    where_ = Where::metadata;
  } else if (where_ == Where::root && tensor_next_) {
    where_ = Where::tensor;
    has_dtype_ = has_shape_ = has_offsets_ = false;
    field_ = Field::none;
  } else {
    unexpected(bracket_at(), "an object");
  }
  return true;
}

bool Handler::key(string_t& key) {
  if (key.find('\0') != std::string::npos) fail_at(string_at(), "the key " + quote(key) + " contains a NUL character");
  if (where_ == Where::root) return root_key(key);
  if (where_ == Where::tensor) return tensor_key(key);
  if (header_.metadata.contains(key)) fail_at(string_at(), "__metadata__ key " + quote(key) + " appears twice");
  metadata_key_ = key;
  return true;
}

bool Handler::root_key(const std::string& key) {
  metadata_next_ = key == kMetadata;
  tensor_next_ = !metadata_next_;
  if (metadata_next_) {
    if (has_metadata_) fail_at(string_at(), "__metadata__ appears twice");
    has_metadata_ = true;
    return true;
  }
  if (!names_.insert(key).second) fail_at(string_at(), "tensor " + quote(key) + " appears twice");
  tensor_ = RawTensor{};
  tensor_.name = key;
  tensor_.position = string_at();
  return true;
}

bool Handler::tensor_key(const std::string& key) {
  bool* seen = nullptr;
  if (key == "dtype") {
    field_ = Field::dtype;
    seen = &has_dtype_;
  } else if (key == "shape") {
    field_ = Field::shape;
    seen = &has_shape_;
  } else if (key == "data_offsets") {
    field_ = Field::offsets;
    seen = &has_offsets_;
  } else {
    fail_at(string_at(),
            subject() + " has the unknown key " + quote(key) + ", only dtype, shape and data_offsets exist");
  }
  if (*seen) fail_at(string_at(), subject() + ": key " + quote(key) + " appears twice");
  *seen = true;
  return true;
}

bool Handler::string(string_t& value) {
  if (where_ == Where::metadata) {
    if (value.find('\0') != std::string::npos)
      fail_at(string_at(), subject() + " has a value that contains a NUL character");
    header_.metadata.emplace(metadata_key_, std::move(value));
  } else if (where_ == Where::tensor && field_ == Field::dtype) {
    tensor_.dtype = std::move(value);
  } else {
    unexpected(string_at(), "the string " + quote(value));
  }
  return true;
}

bool Handler::number_unsigned(number_unsigned_t value) {
  if (where_ == Where::shape) {
    if (tensor_.shape.size() == kMaxExtents) fail_at(scalar_at(), subject() + " has more than 64 extents");
    tensor_.shape.push_back(value);
  } else if (where_ == Where::offsets && offsets_seen_ < 2) {
    (offsets_seen_ == 0 ? tensor_.begin : tensor_.end) = value;
    ++offsets_seen_;
  } else if (where_ == Where::offsets) {
    fail_at(scalar_at(), subject() + ": data_offsets has more than 2 numbers, it takes begin and end");
  } else {
    unexpected(scalar_at(), "the number " + std::to_string(value));
  }
  return true;
}

bool Handler::start_array(std::size_t) {
  if (where_ == Where::tensor && field_ == Field::shape) {
    where_ = Where::shape;
  } else if (where_ == Where::tensor && field_ == Field::offsets) {
    where_ = Where::offsets;
    offsets_seen_ = 0;
  } else {
    unexpected(bracket_at(), "an array");
  }
  return true;
}

bool Handler::end_array() {
  if (where_ == Where::offsets && offsets_seen_ != 2)
    fail_at(bracket_at(),
            subject() + ": data_offsets has " + std::to_string(offsets_seen_) + " numbers, it takes begin and end");
  where_ = Where::tensor;
  return true;
}

bool Handler::end_object() {
  if (where_ == Where::tensor) {
    if (!has_dtype_ || !has_shape_ || !has_offsets_)
      fail_at(tensor_.position, subject() + " lacks " +
                                    (!has_dtype_   ? "dtype"
                                     : !has_shape_ ? "shape"
                                                   : "data_offsets"));
    header_.tensors.push_back(std::move(tensor_));
  }
  tensor_next_ = metadata_next_ = false;
  where_ = Where::root;
  return true;
}

}  // namespace

RawHeader parse_safetensors_json(const char* text, std::size_t size, const std::string& file) {
  // nlohmann takes a NUL byte for the end of its input: what follows one would be hidden from every check.
  if (const void* nul = std::memchr(text, 0, size)) {
    refuse("safetensors", file, kJsonStart + static_cast<std::uint64_t>(static_cast<const char*>(nul) - text),
           "the header contains a NUL byte", "the format pads with spaces only: the file is damaged or hostile");
  }
  Handler handler(text, file);
  Json::sax_parse(CountingIterator{text, handler.furthest()}, CountingIterator{text + size, handler.furthest()},
                  &handler);
  return handler.take();
}

}  // namespace candor::io
