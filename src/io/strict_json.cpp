#include "io/strict_json.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_set>
#include <vector>

#include "io/counting_iterator.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

using Json = nlohmann::ordered_json;

class DocumentHandler final : public nlohmann::json_sax<Json> {
 public:
  DocumentHandler(const char* text, const std::string& file, std::uint64_t start)
      : text_(text), furthest_(text), file_(file), start_(start) {}

  const char** furthest() { return &furthest_; }
  Json take() { return std::move(root_); }

  bool null() override { return place(Json(nullptr)); }
  bool boolean(bool value) override { return place(Json(value)); }
  bool number_integer(number_integer_t value) override { return place(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return place(Json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return place(Json(value)); }
  bool binary(binary_t&) override { fail(furthest_, "binary data"); }
  bool string(string_t& value) override { return place(Json(std::move(value))); }
  bool start_object(std::size_t) override {
    open(Json::object());
    keys_.emplace_back();
    return true;
  }
  bool key(string_t& key) override {
    if (!keys_.back().insert(key).second) fail(string_start(text_, furthest_), "key " + quote(key) + " appears twice");
    key_ = key;
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    open_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override {
    open(Json::array());
    return true;
  }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t count, const std::string& token, const nlohmann::detail::exception&) override {
    const bool at_end = count > static_cast<std::size_t>(furthest_ - text_);  // the parser counts the end too
    fail(furthest_ - (at_end ? 0 : 1), "not valid JSON near " + quote(token));
  }

 private:
  static constexpr std::size_t kMaxDepth = 64;

  [[noreturn]] void fail(const char* at, const std::string& what) const {
    refuse("json", file_, start_ + static_cast<std::uint64_t>(at - text_), what, "the file is damaged: get it again");
  }
  Json* add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    // Duplicates were refused by key(), so appending is right and needs no search through the object.
    auto& members = parent.get_ref<Json::object_t&>();
    members.Json::object_t::Container::emplace_back(std::move(key_), std::move(value));
    return &members.back().second;
  }
  bool place(Json value) {
    add(std::move(value));
    return true;
  }
  void open(Json value) {
    if (open_.size() == kMaxDepth) fail(furthest_ - 1, "nested deeper than 64");
    open_.push_back(add(std::move(value)));
  }

  const char* text_;
  const char* furthest_;
  const std::string& file_;
  std::uint64_t start_;
  Json root_;
  std::vector<Json*> open_;  // an open container is the last child of its parent: no reallocation moves it meanwhile
  std::vector<std::unordered_set<std::string>> keys_;
  std::string key_;
};

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

Json parse_strict_json(std::string_view text, const std::string& file, std::uint64_t start) {
  // nlohmann takes a NUL byte for the end of its input: what follows one would be hidden from every check.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    refuse("json", file, start + nul, "a NUL byte", "the file is damaged: get it again");
  DocumentHandler handler(text.data(), file, start);
  Json::sax_parse(CountingIterator{text.data(), handler.furthest()},
                  CountingIterator{text.data() + text.size(), handler.furthest()}, &handler);
  return handler.take();
}

std::string read_text_file(const std::string& path, std::uint64_t limit) {
  // Not blocking: opening a pipe that nobody writes must not wait; it is refused below.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) refuse_system("read", path, "cannot open", errno, "check the path and its permissions");
  struct stat status {};
  if (::fstat(file.number, &status) != 0) refuse_system("read", path, "cannot stat", errno, "");
  if (!S_ISREG(status.st_mode)) refuse_system("read", path, "is not a regular file", 0, "name a file");
  if (static_cast<std::uint64_t>(status.st_size) > limit) {
    refuse_system("read", path,
                  "has " + std::to_string(status.st_size) + " bytes, at most " + std::to_string(limit) + " are read", 0,
                  "this cannot be the file that was meant");
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::read(file.number, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_system("read", path, "cannot read", errno, "");
    if (count == 0) break;  // it became shorter meanwhile
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

}  // namespace candor::io
