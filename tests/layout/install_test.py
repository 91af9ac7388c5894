#!/usr/bin/env python3
"""cmake --install into an empty prefix, then strangers' projects find, link and run the library: one of two small
programs, the second of them the C++ of README.md, and examples/ by itself.

usage: install_test.py BUILD_FOLDER
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(stranger CXX)
find_package(candor 0.1 REQUIRED)
foreach(name stranger readme)
  add_executable(${name} ${name}.cpp)
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE candor::candor)
endforeach()
"""

STRANGER = """#include <candor/ops.h>
#include <cstdio>
#include <vector>
int main() {
  using namespace candor;
  // 1 + 2^-4 is exact in bf16; 64 of its squares sum to 72.25, which bf16 cannot hold.
  const std::vector<float> values(64, 1.0625f);
  const Tensor x = cast(Tensor::from_f32(values, Shape{1, 64}), DType::bf16);
  const Tensor y = matmul(x, x, {}, OpOptions{.out = DType::f32});
  std::printf("%.4f %llu\\n", static_cast<double>(y.data_as<float>()[0]), static_cast<unsigned long long>(x.nbytes()));
  return y.data_as<float>()[0] == 72.25f && x.nbytes() == 128 ? 0 : 1;
}
"""


def run(*command):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(str(c) for c in command)} failed:\n{result.stdout}\n{result.stderr}")
    return result.stdout


# What README.md leaves to its reader: the values, and a main function.
README = """#include <cstdio>
#include <vector>
{includes}
int main() {{
  const std::vector<float> values(128 * 576, 0.5f), weights(1536 * 576, 2.0f);
{statements}
  const candor::Tensor ours = y;
  std::printf("%s\\n", candor::dtype_name(ours.dtype()).data());
  return ours.shape() == candor::Shape{{128, 1536}} && ours.to_f32()[0] == 576 && x.nbytes() == 128 * 576 * 2 ? 0 : 1;
}}
"""


def readme_program():
    blocks = re.findall(r"^```cpp\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
    if len(blocks) != 1:
        sys.exit(f"README.md has {len(blocks)} C++ blocks; this test compiles one")
    lines = blocks[0].splitlines()
    return README.format(includes="\n".join(line for line in lines if line.startswith("#")),
                         statements="\n".join(line for line in lines if not line.startswith("#")))


def build(source, prefix):
    target = prefix.parent / "build" / source.name
    run("cmake", "-S", source, "-B", target, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Debug")
    run("cmake", "--build", target)
    return target


def main():
    with tempfile.TemporaryDirectory() as folder:
        prefix, project = Path(folder) / "prefix", Path(folder) / "stranger"
        run("cmake", "--install", sys.argv[1], "--prefix", prefix)
        project.mkdir()
        (project / "CMakeLists.txt").write_text(CMAKE)
        (project / "stranger.cpp").write_text(STRANGER)
        (project / "readme.cpp").write_text(readme_program())
        built = build(project, prefix)
        print(run(built / "stranger").strip())
        print(run(built / "readme").strip())
        examples = build(ROOT / "examples", prefix)
        print(run("ctest", "--test-dir", examples, "--no-tests=error", "--output-on-failure").strip())
        print(run(prefix / "bin/candor", "--version").strip())


if __name__ == "__main__":
    main()
