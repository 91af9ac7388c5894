"""What tools/who_keeps_bf16.py measures: one row for each way of saving, loading or converting."""
import dataclasses

PACKAGES = ("torch", "numpy", "ml_dtypes", "safetensors", "gguf", "transformers", "llama_cpp_python")


@dataclasses.dataclass
class Row:
    section: str
    id: str
    what: str
    code: str            # shown in the document; ends with r = tensors by name, one tensor, or a path
    needs: tuple
    canaries: str = "torch"   # the library whose tensors `c` holds
    setup: str = ""           # not shown: imports and models
    single: str = "canary.all_codes"  # what r is, when it is one tensor
    expects_missing: bool = False     # only some canaries are pushed

    @property
    def name(self):
        return f"{self.section}/{self.id}"


ROWS = []


def section(name, needs, canaries="torch", setup=""):
    def add(id, what, code, extra="", **keywords):
        ROWS.append(Row(name, id, what, code, tuple(needs), canaries, setup + extra, **keywords))
    return add


# --- PyTorch -----------------------------------------------------------------------------------------------------------
torch = section("torch", ("torch",), setup="import torch, io, copy, pickle\nb16, f16 = torch.bfloat16, torch.float16\n"
                "torch.set_num_threads(2)\n")
torch("save_load", "save and load", "torch.save(c, 'x.pt'); r = torch.load('x.pt')")
torch("save_load_mmap", "load by mapping", "torch.save(c, 'x.pt'); r = torch.load('x.pt', mmap=True)")
torch("save_legacy", "the old file format",
      "torch.save(c, 'x.pt', _use_new_zipfile_serialization=False); r = torch.load('x.pt')")
torch("pickle", "pickle", "r = pickle.loads(pickle.dumps(c))")
torch("deepcopy", "deepcopy and clone", "r = {n: copy.deepcopy(t).clone() for n, t in c.items()}")

MODULE = """
class Canary(torch.nn.Module):
    def __init__(self, c, dtype=None):
        super().__init__()
        for name, t in c.items():
            self.register_parameter(name.replace('.', '_'),
                                    torch.nn.Parameter(t.clone().to(dtype or t.dtype), requires_grad=False))
def named(state):
    return {n.replace('canary_', 'canary.'): t for n, t in state.items()}
"""
torch("state_dict", "state_dict, saved and loaded into a module of the same dtypes",
      "torch.save(Canary(c).state_dict(), 'x.pt'); m = Canary(c); m.load_state_dict(torch.load('x.pt')); "
      "r = named(m.state_dict())", extra=MODULE)
torch("state_dict_f32", "load_state_dict into a module built in f32 (the default dtype)",
      "m = Canary(c, torch.float32); m.load_state_dict(Canary(c).state_dict()); r = named(m.state_dict())", extra=MODULE)
torch("state_dict_f16", "load_state_dict into a module built in f16",
      "m = Canary(c, f16); m.load_state_dict(Canary(c).state_dict()); r = named(m.state_dict())", extra=MODULE)
torch("state_dict_assign", "the same with assign=True",
      "m = Canary(c, f16); m.load_state_dict(Canary(c).state_dict(), assign=True); r = named(m.state_dict())",
      extra=MODULE)
torch("module_bfloat16", "Module.bfloat16()", "r = named(Canary(c).bfloat16().state_dict())", extra=MODULE)
torch("module_half_bfloat16", "Module.half(), back by .bfloat16()",
      "r = named(Canary(c).half().bfloat16().state_dict())", extra=MODULE)
torch("float", "float()", "r = {n: t.float() for n, t in c.items()}")
torch("float_back", "float() and back", "r = {n: t.float().to(b16) for n, t in c.items()}")
torch("double_back", "double() and back", "r = {n: t.double().to(b16) for n, t in c.items()}")
torch("half", "half()", "r = {n: t.half() for n, t in c.items()}")
torch("half_back", "half() and back", "r = {n: t.half().to(b16) for n, t in c.items()}")
torch("strided_cast", "f32 to bf16, elements not side by side",
      "r = {n: torch.stack([t.float()] * 2, -1)[..., 0].to(b16) for n, t in c.items()}")
torch("one_by_one", "f32 to bf16, one element at a time",
      "r = {n: torch.stack([x.to(b16) for x in t.float().flatten()]) for n, t in c.items()}")
torch("copy_", "copy_ into an empty bf16 tensor",
      "r = {n: torch.empty(t.shape, dtype=b16).copy_(t) for n, t in c.items()}")
torch("transpose", "transpose, contiguous, transpose, contiguous",
      "r = {n: t.t().contiguous().t().contiguous() if t.dim() == 2 else t for n, t in c.items()}")
torch("cat", "split and cat", "r = {n: torch.cat(t.split(3)) for n, t in c.items()}")
torch("times_one", "multiply by 1", "r = {n: t * 1 for n, t in c.items()}")
torch("plus_zero", "add 0", "r = {n: t + 0 for n, t in c.items()}")
torch("clamp", "clamp to f16's range",
      "r = {n: t.clamp(-65504, 65504) for n, t in c.items()}")
torch("flush_denormal", "multiply by 1 under set_flush_denormal(True)",
      "torch.set_flush_denormal(True); r = {n: t * 1 for n, t in c.items()}")
torch("flush_denormal_cast", "float() and back under set_flush_denormal(True)",
      "torch.set_flush_denormal(True); r = {n: t.float().to(b16) for n, t in c.items()}")
torch("numpy", "numpy()", "r = {n: t.numpy() for n, t in c.items()}")
torch("numpy_int16", "bits through NumPy: view(int16).numpy() and back",
      "r = {n: torch.from_numpy(t.view(torch.int16).numpy().copy()).view(b16) for n, t in c.items() if t.dtype == b16}",
      expects_missing=True)
torch("numpy_float", "float().numpy() and back",
      "r = {n: torch.from_numpy(t.float().numpy().copy()).to(b16) for n, t in c.items()}")
torch("tolist", "tolist() and back", "r = {n: torch.tensor(t.tolist(), dtype=b16) for n, t in c.items()}")
torch("fp8_e4m3", "float8_e4m3fn and back", "r = {n: t.to(torch.float8_e4m3fn).to(b16) for n, t in c.items()}")
torch("fp8_e5m2", "float8_e5m2 and back", "r = {n: t.to(torch.float8_e5m2).to(b16) for n, t in c.items()}")
torch("share_memory", "share_memory_() and a queue between processes",
      "q = torch.multiprocessing.get_context('fork').SimpleQueue(); q.put(c); r = {n: t.clone() for n, t in q.get().items()}")

LINEAR = """
w = c['canary.matrix']                       # [8, 256]
layer = torch.nn.Linear(256, 8, bias=False, dtype=torch.float32)
layer.weight.data.copy_(w)
def passed(y):                               # identity @ weight.t() = weight.t(), bit for bit if nothing is lost
    return y.detach().t().contiguous()
"""
torch("autocast_output", "autocast to bf16: what a linear layer with f32 weights puts out",
      "with torch.autocast('cpu', torch.bfloat16): r = passed(layer(torch.eye(256)))", extra=LINEAR,
      single="canary.matrix", expects_missing=True)
torch("autocast_f16_output", "autocast to f16: the same",
      "with torch.autocast('cpu', torch.float16): r = passed(layer(torch.eye(256)))", extra=LINEAR,
      single="canary.matrix", expects_missing=True)
torch("autocast_default", "autocast on the CPU without a dtype",
      "with torch.autocast('cpu'): r = passed(layer(torch.eye(256)))", extra=LINEAR, single="canary.matrix",
      expects_missing=True)
torch("autocast_parameters", "parameters after a pass under autocast to f16",
      "m = Canary(c, b16)\nwith torch.autocast('cpu', torch.float16): torch.nn.functional.linear(torch.eye(512), m.canary_all_codes)\n"
      "r = named(m.state_dict())", extra=MODULE)
torch("autocast_save", "state_dict, saved under autocast to f16",
      "with torch.autocast('cpu', torch.float16): torch.save(Canary(c).state_dict(), 'x.pt')\nr = named(torch.load('x.pt'))",
      extra=MODULE)
torch("matmul", "a product with the identity, in bf16",
      "r = c['canary.finite_codes'] @ torch.eye(128, dtype=b16)", single="canary.finite_codes", expects_missing=True)
ATTEND = """
def attend(v):                               # one key: softmax gives 1, its value comes out
    q = torch.zeros_like(v)[:, None]
    return torch.nn.functional.scaled_dot_product_attention(q, q, v[:, None])[:, 0]
"""
torch("attention", "scaled_dot_product_attention in bf16 over one key",
      "r = attend(c['canary.below_65536'])", extra=ATTEND, single="canary.below_65536", expects_missing=True)
torch("attention_f16", "the same by a caller that casts to f16",
      "r = attend(c['canary.below_65536'].half()).to(b16)", extra=ATTEND, single="canary.below_65536",
      expects_missing=True)
torch("cpu", "to('cpu'), cpu()", "r = {n: t.to('cpu').cpu() for n, t in c.items()}")
torch("compile_half_back", "half() and back inside torch.compile",
      "f = torch.compile(lambda t: t.half().to(b16)); r = {n: f(t) for n, t in c.items()}")
torch("compile_times_one", "multiply by 1 inside torch.compile",
      "f = torch.compile(lambda t: t * 1); r = {n: f(t) for n, t in c.items()}")
torch("compile_cast", "f32 to bf16 inside torch.compile",
      "f = torch.compile(lambda t: t.float().to(b16)); r = {n: f(t) for n, t in c.items()}")

# --- safetensors -------------------------------------------------------------------------------------------------------
st = section("safetensors", ("safetensors", "torch"), setup="import torch\nfrom safetensors.torch import save_file, load_file, save, load\n"
             "from safetensors import safe_open\n")
st("torch_file", "save_file and load_file of safetensors.torch", "save_file(c, 'x.safetensors'); r = load_file('x.safetensors')")
st("torch_save_only", "save_file alone", "save_file(c, 'x.safetensors'); r = 'x.safetensors'")
st("torch_bytes", "save and load", "r = load(save(c))")
st("torch_slice", "safe_open and get_slice",
   "save_file(c, 'x.safetensors')\nwith safe_open('x.safetensors', 'pt') as f: r = {n: f.get_slice(n)[:] for n in f.keys()}")
stn = section("safetensors (NumPy)", ("safetensors", "ml_dtypes", "numpy"), "numpy",
              setup="from safetensors.numpy import save_file, load_file\n")
stn("numpy_file", "save_file and load_file of safetensors.numpy, ml_dtypes arrays",
    "save_file(c, 'x.safetensors'); r = load_file('x.safetensors')")
stn("numpy_save_only", "save_file alone", "save_file(c, 'x.safetensors'); r = 'x.safetensors'")
stn("numpy_load", "load_file of a bf16 file", "r = load_file(canary)")
stn("numpy_load_alone", "the same in a process that never imported ml_dtypes",
    "import subprocess, sys\nt = subprocess.run([sys.executable, '-c', 'import sys, safetensors.numpy as s; a = "
    "s.load_file(sys.argv[1]); print(a[\"canary.norm\"].dtype)', canary], capture_output=True, text=True)\n"
    "said = t.stdout.strip() or t.stderr.strip().split(chr(10))[-1]\nraise RuntimeError('in the other process: ' + said)")

# --- NumPy and ml_dtypes -----------------------------------------------------------------------------------------------
np = section("numpy", ("numpy", "ml_dtypes"), "numpy", setup="import numpy as np, ml_dtypes, pickle\nb16 = ml_dtypes.bfloat16\n")
np("copy", "copy, transpose, concatenate", "r = {n: np.concatenate([np.ascontiguousarray(a.T).T]) for n, a in c.items()}")
np("float32", "astype(float32)", "r = {n: a.astype(np.float32) for n, a in c.items()}")
np("float32_back", "astype(float32) and back", "r = {n: a.astype(np.float32).astype(b16) for n, a in c.items()}")
np("float64_back", "astype(float64) and back", "r = {n: a.astype(np.float64).astype(b16) for n, a in c.items()}")
np("float16", "astype(float16)", "r = {n: a.astype(np.float16) for n, a in c.items()}")
np("float16_back", "astype(float16) and back", "r = {n: a.astype(np.float16).astype(b16) for n, a in c.items()}")
np("times_one", "multiply by 1", "r = {n: a * a.dtype.type(1) for n, a in c.items()}")
np("plus_zero", "add 0", "r = {n: a + a.dtype.type(0) for n, a in c.items()}")
np("npy", "np.save and np.load",
   "np.save('x.npy', c['canary.all_codes']); r = np.load('x.npy'); said = f'loaded as {r.dtype}'", expects_missing=True)
np("npy_view", "np.save, np.load and view(bfloat16)",
   "np.save('x.npy', c['canary.all_codes']); r = np.load('x.npy').view(b16)", expects_missing=True)
np("npz", "np.savez and np.load",
   "np.savez('x.npz', **c); z = np.load('x.npz'); r = {n: z[n].view(b16) if z[n].dtype.kind == 'V' else z[n] for n in c}")
np("npy_plain", "np.load of that file in a process that never imported ml_dtypes",
   "import subprocess, sys; np.save('x.npy', c['canary.all_codes'])\n"
   "t = subprocess.run([sys.executable, '-c', 'import numpy; print(repr(numpy.load(\"x.npy\").dtype))'], capture_output=True, text=True)\n"
   "raise RuntimeError('in the other process: ' + (t.stdout.strip() or t.stderr.strip().split(chr(10))[-1]))")
np("pickle", "pickle", "r = pickle.loads(pickle.dumps(c))")
np("savetxt", "savetxt and loadtxt",
   "np.savetxt('x.txt', c['canary.all_codes']); r = np.loadtxt('x.txt').astype(b16)", expects_missing=True)
np("e4m3", "float8_e4m3fn and back", "r = {n: a.astype(ml_dtypes.float8_e4m3fn).astype(b16) for n, a in c.items()}")
np("e5m2", "float8_e5m2 and back", "r = {n: a.astype(ml_dtypes.float8_e5m2).astype(b16) for n, a in c.items()}")

# --- gguf (Python) -----------------------------------------------------------------------------------------------------
GGUF = """
import numpy as np, gguf
from gguf import GGMLQuantizationType as T
F32 = {n: a.astype(np.float32) for n, a in c.items()}
WIDE = {n: a for n, a in F32.items() if a.shape[-1] % 32 == 0}
def write(name, tensors):
    w = gguf.GGUFWriter(name, 'llama')
    for n, (data, dtype) in tensors.items(): w.add_tensor(n, data, raw_dtype=dtype)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
def quantized(dtype, source=F32):
    return {n: (gguf.quants.quantize(a, dtype), dtype) for n, a in source.items()}
"""
g = section("gguf", ("gguf", "numpy", "ml_dtypes"), "numpy", setup=GGUF)
g("raw", "GGUFWriter, bf16 bits handed over as bytes",
  "write('x.gguf', {n: (a.view(np.uint8), T.BF16) for n, a in c.items() if a.itemsize == 2 and a.dtype != np.float16})\nr = 'x.gguf'",
  expects_missing=True)
g("bf16", "quants.quantize to BF16 (what the converter does), from f32", "write('x.gguf', quantized(T.BF16)); r = 'x.gguf'")
g("f16", "quants.quantize to F16", "write('x.gguf', quantized(T.F16)); r = 'x.gguf'")
g("f32", "F32", "write('x.gguf', {n: (a, T.F32) for n, a in F32.items()}); r = 'x.gguf'")
g("dequantize", "GGUFReader and quants.dequantize of BF16",
  "write('x.gguf', quantized(T.BF16))\nr = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).reshape(tuple(map(int, t.shape[::-1]))) "
  "for t in gguf.GGUFReader('x.gguf').tensors}")
for scheme in ("Q8_0", "Q4_0", "Q4_1", "Q5_0"):
    g(scheme.lower(), f"quants.quantize to {scheme}, dequantised to bf16 by the same package",
      f"r = gguf.quants.dequantize(gguf.quants.quantize(F32['canary.matrix'], T.{scheme}), T.{scheme}).astype(c['canary.matrix'].dtype)",
      single="canary.matrix", expects_missing=True)
g("q8_0_file", "quants.quantize to Q8_0, in the file",
  "write('x.gguf', quantized(T.Q8_0, {'canary.matrix': F32['canary.matrix'], 'canary.norm': F32['canary.norm']})); r = 'x.gguf'",
  expects_missing=True)

# --- transformers ------------------------------------------------------------------------------------------------------
MODEL = """
import os, torch
os.environ['HF_HUB_OFFLINE'] = '1'
from transformers import LlamaConfig, LlamaForCausalLM
def tiny(dtype=torch.bfloat16):
    config = LlamaConfig(vocab_size=128, hidden_size=512, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4,
                         num_key_value_heads=1, tie_word_embeddings=False)
    model = LlamaForCausalLM(config).to(dtype)
    model.model.embed_tokens.weight.data.copy_(c['canary.all_codes'])   # [128, 512]
    return model
def embedding(model):
    return model.state_dict()['model.embed_tokens.weight']
"""
tf = section("transformers", ("transformers", "torch"), setup=MODEL)
tf("save", "save_pretrained of a bf16 model, the file itself",
   "tiny().save_pretrained('m'); r = 'm/model.safetensors'", expects_missing=True)
tf("save_load", "save_pretrained, from_pretrained without a dtype",
   "tiny().save_pretrained('m'); m = LlamaForCausalLM.from_pretrained('m'); r = embedding(m); said = f'loaded as {m.dtype}'",
   expects_missing=True)
for word in ("'auto'", "torch.bfloat16", "torch.float32", "torch.float16"):
    tf("load_" + word.strip("'").split(".")[-1], f"from_pretrained(dtype={word})",
       f"tiny().save_pretrained('m'); r = embedding(LlamaForCausalLM.from_pretrained('m', dtype={word}))",
       expects_missing=True)
tf("load_half_save_bf16", "loaded in f16, saved in bf16",
   "tiny().save_pretrained('m'); LlamaForCausalLM.from_pretrained('m', dtype=torch.float16).bfloat16().save_pretrained('n')\n"
   "r = 'n/model.safetensors'", expects_missing=True)
tf("config_f16", "from_pretrained(dtype='auto') of bf16 weights whose config.json says float16",
   "tiny().save_pretrained('m'); j = open('m/config.json').read(); open('m/config.json', 'w').write(j.replace('bfloat16', 'float16'))\n"
   "r = embedding(LlamaForCausalLM.from_pretrained('m', dtype='auto'))", expects_missing=True)
tf("config_f16_no_dtype", "the same without a dtype",
   "tiny().save_pretrained('m'); j = open('m/config.json').read(); open('m/config.json', 'w').write(j.replace('bfloat16', 'float16'))\n"
   "r = embedding(LlamaForCausalLM.from_pretrained('m'))", expects_missing=True)

# --- llama.cpp ---------------------------------------------------------------------------------------------------------
LLAMA = GGUF + """
import ctypes, os
import llama_cpp
def model(name, dtype, only=('canary.finite_codes', 'canary.matrix', 'canary.norm', 'canary.repeated')):
    w = gguf.GGUFWriter(name, 'llama')
    w.add_context_length(8); w.add_embedding_length(512); w.add_block_count(1); w.add_feed_forward_length(32)
    w.add_head_count(4); w.add_layer_norm_rms_eps(1e-5); w.add_vocab_size(128)
    for n in only:
        a = c[n]
        if a.dtype == np.float32: w.add_tensor(n + '.weight', a)
        elif dtype == T.BF16: w.add_tensor(n + '.weight', a.view(np.uint8), raw_dtype=T.BF16)
        else: w.add_tensor(n + '.weight', gguf.quants.quantize(F32[n], dtype), raw_dtype=dtype)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
def convert(source, target, ftype, **options):
    heard = []
    log = llama_cpp.llama_log_callback(lambda level, text, data: heard.append(text.decode(errors='replace')))
    llama_cpp.llama_log_set(log, None)
    p = llama_cpp.llama_model_quantize_default_params()
    p.ftype, p.nthread, p.allow_requantize = ftype, 2, True
    for key, value in options.items(): setattr(p, key, value)
    code = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(p))
    if code != 0:
        complaints = [l for l in ''.join(heard).split(chr(10)) if 'failed' in l or 'invalid' in l or 'found' in l]
        raise RuntimeError((complaints or ['llama_model_quantize returned %d' % code])[-1].split('.. ')[-1])
ORDINARY = ('canary.matrix', 'canary.norm')
IN_RANGE = ('canary.below_65536', 'canary.matrix', 'canary.norm', 'canary.repeated')
"""
ll = section("llama.cpp", ("llama_cpp_python", "gguf", "numpy", "ml_dtypes"), "numpy", setup=LLAMA)
ll("nan", "bf16 to BF16, with infinities and NaNs",
   "model('x.gguf', T.BF16, ['canary.all_codes']); convert('x.gguf', 'y.gguf', 32); r = 'y.gguf'", expects_missing=True)
ll("copy", "only_copy, with infinities and NaNs",
   "model('x.gguf', T.BF16, ['canary.all_codes']); convert('x.gguf', 'y.gguf', 32, only_copy=True); r = 'y.gguf'",
   expects_missing=True)
for word, number in (("BF16", 32), ("F32", 0), ("F16", 1)):
    ll(word.lower(), f"bf16 to {word}, finite values",
       f"model('x.gguf', T.BF16); convert('x.gguf', 'y.gguf', {number}); r = 'y.gguf'", expects_missing=True)
ll("f16_in_range", "bf16 to F16, values up to 65280",
   "model('x.gguf', T.BF16, IN_RANGE); convert('x.gguf', 'y.gguf', 1); r = 'y.gguf'", expects_missing=True)
ll("f16_bf16", "bf16 to F16 to BF16, values up to 65280",
   "model('x.gguf', T.BF16, IN_RANGE); convert('x.gguf', 'y.gguf', 1); convert('y.gguf', 'z.gguf', 32); r = 'z.gguf'",
   expects_missing=True)
ll("f32_bf16", "f32 to BF16, finite values", "model('x.gguf', T.F32); convert('x.gguf', 'y.gguf', 32); r = 'y.gguf'", expects_missing=True)
ll("f32_overflow", "f32 to BF16, with a value that rounds to infinity",
   "model('x.gguf', T.F32, ['canary.f32_probes']); convert('x.gguf', 'y.gguf', 32); r = 'y.gguf'", expects_missing=True)
for word, number in (("Q8_0", 7), ("Q4_0", 2), ("Q4_K_M", 15)):
    ll(word.lower(), f"bf16 to {word}, ordinary weights",
       f"model('x.gguf', T.BF16, ORDINARY); convert('x.gguf', 'y.gguf', {number}); r = 'y.gguf'", expects_missing=True)
for word, number in (("Q8_0", 7), ("Q4_0", 2), ("Q4_K_M", 15)):
    ll(word.lower() + "_bf16", f"bf16 to {word} to BF16, ordinary weights",
       f"model('x.gguf', T.BF16, ORDINARY); convert('x.gguf', 'y.gguf', {number}); convert('y.gguf', 'z.gguf', 32); r = 'z.gguf'",
       expects_missing=True)
