#!/usr/bin/env python3
"""cmake --install into an empty prefix, then a stranger's project finds, links and runs the library.

usage: install_test.py BUILD_FOLDER
"""
import subprocess
import sys
import tempfile
from pathlib import Path

CMAKE = """cmake_minimum_required(VERSION 3.25)
project(stranger CXX)
find_package(candor 0.1 REQUIRED)
add_executable(stranger main.cpp)
target_compile_features(stranger PRIVATE cxx_std_20)
target_link_libraries(stranger PRIVATE candor::candor)
"""

MAIN = """#include <candor/ops.h>
#include <cstdio>
#include <vector>
int main() {
  using namespace candor;
  const std::vector<float> values(64, 1.0625f);  // 1 + 2^-4: exact in bf16; 64 squares sum to 72.25, which bf16 cannot hold
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


def main():
    build = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        prefix, project = Path(folder) / "prefix", Path(folder) / "stranger"
        project.mkdir()
        run("cmake", "--install", build, "--prefix", prefix)
        (project / "CMakeLists.txt").write_text(CMAKE)
        (project / "main.cpp").write_text(MAIN)
        run("cmake", "-S", project, "-B", project / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", project / "build")
        print(run(project / "build/stranger").strip())
        print(run(prefix / "bin/candor", "--version").strip())


if __name__ == "__main__":
    main()
