// The page's explanations of words, and where to read more. A word that the page shows has a sentence here.
#pragma once

#include <string_view>

namespace candor::cli {

inline constexpr std::string_view kAuditPageTerms =
    R"html(<h2 id="terms">Words</h2>
<h3>Formats and values</h3>
<dl>
<dt><b>bf16 and f16</b></dt><dd>Two formats of 16 bits. bf16 has the range of f32 and 8 significant bits; f16 has 11
significant bits and a small range: nothing above 65504, and below 2⁻¹⁴ (0.000061, or 6.1e-05) its steps shrink no
further and stay at 2⁻²⁴. bf16's steps shrink with the values: at 2⁻¹⁷ (0.0000076, or 7.6e-06) they have come down to
2⁻²⁴ too, and below it they are finer than f16's. So a bf16 value from 2⁻¹⁷ to 65280 goes to f16 and back unchanged,
and only a smaller or larger one can show that it did.</dd>
<dt><b>TF32</b></dt><dd>The range of f32 with 11 significant bits, as the matrix units of GPUs take their input.</dd>
<dt><b>f8, e4m3, e5m2</b></dt><dd>Formats of 8 bits: e4m3 has 4 bits for the exponent and 3 for the mantissa, e5m2 has
5 and 2.</dd>
<dt><b>significand, mantissa</b></dt><dd>A value is its significand, from 1 to 2, times a power of two. The mantissa
is the significand without its leading 1, which is not stored.</dd>
<dt><b>significant bits</b></dt><dd>The length of the significand in binary: 8 in bf16, 11 in f16 and TF32, 24 in
f32.</dd>
<dt><b>even mantissas</b></dt><dd>The last bit of a value's significant bits is 0. Rounding sends ties to the even
neighbour. Values with many bits hardly ever tie; values that had 11 bits tie one time in eight, so even ones become 9
to 7.</dd>
<dt><b>code</b></dt><dd>The stored bits of a value, read as a whole number; values that follow each other have codes
that do. Different codes are counted without the sign.</dd>
<dt><b>binade</b></dt><dd>All values from one power of two up to the next.</dd>
<dt><b>lattice</b></dt><dd>Values with equal steps between them. f16's is the multiples of 2⁻²⁴ (0.00000006), which is
all that f16 has below 2⁻¹⁴.</dd>
<dt><b>spread</b></dt><dd>How large the values of a tensor are: the root of the mean of their squares.</dd>
<dt><b>smooth density</b></dt><dd>Neighbouring codes are about equally frequent, as in weights that were trained.</dd>
</dl>
<h3>Evidence</h3>
<dl>
<dt><b>history</b></dt><dd>What values went through before they were stored: “f32 through f16” were f32, were rounded
to f16, and then to bf16; “rounded once” came straight from a wider format.</dd>
<dt id="bits"><b>bits</b></dt><dd>Evidence in powers of two: for the finding, and against a single rounding from a
wider format. Ten more bits are a thousand times more. Of one test or one history they may be negative, and then speak
for the single rounding. The tables leave them empty where nothing was found or nothing was weighed: a wrong label and
a tensor of zeros are facts. Of <code>consistent</code> bf16 tensors the head of their section says by how many bits
the next best history explains the values worse.</dd>
<dt><b>p-value</b></dt><dd>How often a tensor that was rounded once would look at least so unusual by chance, or a
bound that this does not exceed.</dd>
<dt><b>95 % interval</b></dt><dd>Where the true number lies if chance was not unusual; of twenty such intervals one
misses.</dd>
<dt><b>z</b></dt><dd>By how many standard deviations of chance even mantissas outnumber odd ones; 0 is balance, and
below zero odd ones prevail.</dd>
<dt><b>R</b></dt><dd>How frequent exact powers of two are, compared with their neighbours: 0.75 after one rounding to
nearest, 0.84 when the values had 11 bits before, 1 when they were cut off.</dd>
<dt><b>witness</b></dt><dd>A single value that shows the verdict, with its place in the file, so that you can look it
up. Beside it is the value that f16 would have made of it.</dd>
</dl>
<h3>Tests</h3>
<dl>
<dt><b>structure</b></dt><dd>Do the values follow a rule: all equal, zeros and ones, equal steps?</dd>
<dt><b>label</b></dt><dd>Do configuration and file name agree with the dtype in the header?</dd>
<dt><b>byte order</b></dt><dd>Would the values make more sense with their bytes the other way round?</dd>
<dt><b>NaN payloads</b></dt><dd>Are there as many different NaNs as integers make that are taken for floats?</dd>
<dt><b>bit view</b></dt><dd>Would the bits make more sense as another dtype's?</dd>
<dt><b>significand</b></dt><dd>Do all values, or more of them than chance makes, fit a format with a shorter
significand?</dd>
<dt><b>blocks</b></dt><dd>Does each block lie on the few levels of a way of quantising?</dd>
<dt><b>smoothness</b></dt><dd>Have the values a smooth density? The tests after it need one.</dd>
<dt><b>parity</b></dt><dd>Are even mantissas more frequent than odd ones? They are after f16 or TF32; z says how
sure.</dd>
<dt><b>zero mantissa</b></dt><dd>Are exact powers of two as frequent as cutting off makes them, or as rare as rounding
does? R says it.</dd>
<dt><b>grid</b></dt><dd>Do the values below 2⁻¹⁷ lie on f16's lattice?</dd>
<dt><b>gap</b></dt><dd>Are there no values between zero and 2⁻¹⁴, as f16 leaves that flushes the smallest to
zero?</dd>
<dt><b>quantum</b></dt><dd>The largest power of two of which all the smallest values are multiples; f16's own is
2⁻²⁴.</dd>
<dt><b>mixture</b></dt><dd>Is the history of a part of the values another than that of the rest, and how large is the
part?</dd>
</dl>
<h3>Quantised models</h3>
<dl>
<dt><b>block</b></dt><dd>Quantised models store groups of values (32, say) as few levels times one scale. Written out
in bf16, each group still has few different values.</dd>
<dt><b>scale, offset</b></dt><dd>What the levels of a block were multiplied by, and what was then added.</dd>
<dt><b>scheme</b></dt><dd>A way of quantising: the levels, and which values share a scale. int4 has 16 levels;
symmetric ones lie around zero, asymmetric ones have an offset; g32: 32 values share a scale; row, column, tensor: those
of a row, a column, all do; 128x128: those of a square tile. A palette is a small set of values that all others were
moved to.
A name in brackets (q4_0) is GGUF's own.</dd>
</dl>
<h2 id="more">Where to read more</h2>
<p>In Candor's sources: <code>docs/audit.md</code> (verdicts, exit codes, what cannot be known),
<code>docs/audit-theory.md</code> (the mathematics, and how often it errs), <code>docs/audit-findings.md</code> (what
was found in real models), <code>docs/diff.md</code> (comparing with the original).</p>
)html";

}  // namespace candor::cli
