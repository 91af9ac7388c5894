"""Checks GGUF files that candor wrote with the gguf package and llama.cpp.

Run: candor convert MODEL.gguf DIRECT.gguf --dtype bf16; candor convert MODEL.gguf FOLDER --dtype bf16;
     candor convert FOLDER BACK.gguf --dtype bf16;
     python tests/convert/peer/check_gguf_output.py MODEL.gguf DIRECT.gguf BACK.gguf [LLAMA_CPPS_OWN.gguf]
Needs: gguf, llama_cpp, ml_dtypes, numpy.
"""
import pathlib
import sys

import gguf
import llama_cpp
import ml_dtypes
import numpy as np

GOLDEN = pathlib.Path(__file__).parents[2] / "io" / "golden"
OURS = ("candor.", "GGUF.", "general.file_type")
LEFT_OUT = ("general.", "tokenizer.ggml.add_space_prefix")  # a Hugging Face folder does not hold them


def raw(tensor):
    return np.asarray(tensor.data).view(np.uint8).reshape(-1)


def check_tensors(source, written):
    """Matrices are the source's values rounded once to bf16, vectors stay f32."""
    found = {tensor.name: tensor for tensor in written.tensors}
    for tensor in source.tensors:
        values = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(-1)
        matrix = len(tensor.shape) > 1
        wanted = values.astype(ml_dtypes.bfloat16) if matrix else values.astype(np.float32)
        out = found.pop(tensor.name)
        assert out.tensor_type == (gguf.GGMLQuantizationType.BF16 if matrix else gguf.GGMLQuantizationType.F32), out.name
        assert list(out.shape) == list(tensor.shape), out.name
        assert np.array_equal(raw(out), wanted.view(np.uint8)), out.name
        assert out.data_offset % 32 == 0, out.name
    assert not found, sorted(found)
    assert written.fields["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_BF16


def check_metadata(source, written, left_out=()):
    for key, field in source.fields.items():
        if key.startswith(OURS) or key.startswith(tuple(left_out)) and key not in written.fields:
            continue
        assert written.fields[key].types == field.types, key
        assert written.fields[key].contents() == field.contents(), key


def same_tensors(first, second):
    a, b = ({t.name: t for t in reader.tensors} for reader in (first, second))
    assert a.keys() == b.keys()
    for name, tensor in a.items():
        assert tensor.tensor_type == b[name].tensor_type and np.array_equal(raw(tensor), raw(b[name])), name


def answer(path):
    model = llama_cpp.Llama(str(path), n_ctx=512, n_threads=2, verbose=False, seed=0)
    question = [{"role": "user", "content": "What is the capital of France?"}]
    reply = model.create_chat_completion(question, temperature=0, max_tokens=32)
    return reply["choices"][0]["message"]["content"]


def check_golden():
    reference, written = (gguf.GGUFReader(GOLDEN / f"{name}.gguf") for name in ("reference", "written"))
    same_tensors(reference, written)
    check_metadata(reference, written)


if __name__ == "__main__":
    check_golden()
    original, direct, back = (gguf.GGUFReader(path) for path in sys.argv[1:4])
    check_tensors(original, direct)
    check_metadata(original, direct)
    same_tensors(direct, back)
    check_metadata(original, back, LEFT_OUT)
    for path in sys.argv[4:]:
        same_tensors(direct, gguf.GGUFReader(path))
        print("the same tensors as", pathlib.Path(path).name)
    answers = {answer(path) for path in sys.argv[2:]}
    print("llama.cpp answers:", answers)
    assert len(answers) == 1 and "Paris" in answers.pop()
