#include "cli/file_hash.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "candor/error.h"
#include "cli/signals.h"

namespace candor::cli {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

[[noreturn]] void fail(const std::string& path) {
  throw IoError("hash: cannot read '" + path + "': " + std::strerror(errno));
}

}  // namespace

FileHash hash_file(const std::string& path, const ProgressCallback& progress) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.fd < 0 || fstat(file.fd, &status) != 0) fail(path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) throw Error("hash: SHA-256 failed");
  std::vector<char> buffer(1 << 20);
  Progress state{"hashing", "bytes", 0, static_cast<std::uint64_t>(status.st_size)};
  for (;;) {
    throw_if_cancelled();
    const ssize_t got = read(file.fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path);
    if (got == 0) break;
    if (EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(got)) != 1)
      throw Error("hash: SHA-256 failed");
    state.done += static_cast<std::uint64_t>(got);
    if (progress) progress(state);
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context.get(), digest, &length) != 1) throw Error("hash: SHA-256 failed");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return {state.done, std::move(hex)};
}

}  // namespace candor::cli
