// The fixed parts of the page that `candor audit --html` writes: nothing is
// loaded from elsewhere, and nothing is sent.
#pragma once

#include <string_view>

namespace candor::cli {

inline constexpr std::string_view kAuditPageHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #5a6472; --line: #d9dee5; --band: #f4f6f8;
  --good: #18703a; --bad: #b3261e; --open: #8a5a00; --good-wash: #e9f5ed; --bad-wash: #fcecea; --open-wash: #fbf3e0;
  --blue: #2f6fb3; --orange: #d2600b; --purple: #7a45b5; --teal: #0f7d7d; --zone: #b3261e14; --zone-none: #b3261e2b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ec; --paper: #14171b; --soft: #9aa5b1; --line: #343b44;
  --band: #1d2228; --good: #6fcf8f; --bad: #ff8a80; --open: #f0b95a; --good-wash: #16291d; --bad-wash: #33191a;
  --open-wash: #2e2616; --blue: #79b0ee; --orange: #ff9a4d; --purple: #c39bf2; --teal: #5cc8c8; --zone: #ff8a8014;
  --zone-none: #ff8a8030; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem; max-width: 76rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.1rem; font-weight: 500; color: var(--soft); margin: 0 0 .75rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1.08rem; margin: 0 0 .3rem; line-height: 1.45; }
h5 { font-size: .92rem; margin: 1rem 0 .3rem; }
p { margin: .35rem 0; max-width: 46rem; }
a { color: inherit; text-underline-offset: .15em; }
code { font: .92em ui-monospace, monospace; }
.soft { color: var(--soft); }
.answer { padding: 1rem 1.25rem 1.1rem; margin: .5rem 0 1rem; border-left: .4rem solid var(--soft);
  border-radius: .35rem; background: var(--band); }
.answer h2 { margin: 0 0 .15rem; font-size: 1.45rem; line-height: 1.25; }
.answer .file { font-weight: 600; margin: 0 0 .4rem; }
.answer.bad { border-color: var(--bad); background: var(--bad-wash); }
.answer.good { border-color: var(--good); background: var(--good-wash); }
.answer.open { border-color: var(--open); background: var(--open-wash); }
.answer.bad h2 { color: var(--bad); } .answer.good h2 { color: var(--good); } .answer.open h2 { color: var(--open); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 0 2rem; }
.columns h3 { font-size: .95rem; margin: .8rem 0 0; }
.tag { display: inline-block; padding: .02rem .5rem; border: 1px solid currentColor; border-radius: 1rem;
  font-size: .84rem; font-weight: 600; text-decoration: none; overflow-wrap: normal; color: var(--soft); }
.tag.bad { color: var(--bad); } .tag.good { color: var(--good); } .tag.open { color: var(--open); }
.class { margin: 1.1rem 0 1.6rem; padding-left: 1rem; border-left: .25rem solid var(--line); }
.class.bad { border-color: var(--bad); } .class.good { border-color: var(--good); }
.class.open { border-color: var(--open); }
details { margin: .5rem 0; }
summary { cursor: pointer; padding: .2rem 0; font-weight: 600; }
summary a { font-weight: 400; margin-left: .3rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: .5rem 2rem;
  margin: .75rem 0; }
figure { margin: 0 0 .8rem; min-width: 0; max-width: 36rem; }
figure h5 { margin: .2rem 0 .3rem; }
figcaption { font-size: .88rem; color: var(--soft); }
.keys { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .85rem; margin: .1rem 0 .25rem; }
.keys span { white-space: nowrap; }
svg { display: block; width: 100%; height: auto; }
svg.key { display: inline-block; width: 1.4rem; height: .8rem; margin-right: .35rem; vertical-align: -.05rem; }
svg text { fill: var(--ink); font: 11.5px system-ui, sans-serif; }
svg text.soft { fill: var(--soft); }
.axis { stroke: var(--soft); stroke-width: 1; }
.grid { stroke: var(--line); stroke-width: 1; }
.mark { stroke: var(--soft); stroke-dasharray: 3 3; }
rect.observed { fill: var(--blue); }
.expected { stroke: var(--ink); stroke-width: 1.6; stroke-dasharray: 4 3; fill: none; }
.once, .via, .from, .eleven, .on, .off { fill: none; stroke-width: 2; }
.once { stroke: var(--good); } .via { stroke: var(--orange); stroke-dasharray: 7 3; }
.from { stroke: var(--bad); stroke-dasharray: 2 3; stroke-width: 2.6; }
.eleven { stroke: var(--purple); stroke-dasharray: 8 3 2 3; stroke-width: 1.5; }
.fitted { fill: none; stroke: var(--ink); stroke-width: 1.4; }
.on { stroke: var(--blue); stroke-width: 1.2; } .off { stroke: var(--orange); stroke-width: 1.2; }
.on-text { color: var(--blue); font-weight: 600; } .off-text { color: var(--orange); font-weight: 600; }
.zoom { fill: var(--band); }
.range { stroke: var(--blue); stroke-width: 2; } .dot { fill: var(--blue); }
.dot-key { stroke: var(--blue); stroke-width: 6; stroke-linecap: round; stroke-dasharray: 0 99; stroke-dashoffset: -8; }
line.wide { stroke-width: 8; } line.observed { stroke: var(--blue); }
rect.coarse { fill: var(--zone); } rect.none { fill: var(--zone-none); }
line.coarse { stroke: var(--zone); } line.none { stroke: var(--zone-none); }
.s0 { fill: var(--bad); } .s1 { fill: var(--orange); } .s2 { fill: var(--open); } .s3 { fill: var(--soft); }
.s4 { fill: var(--good); } .s5 { fill: var(--line); }
.share { margin: .9rem 0 .4rem; border-radius: .25rem; overflow: hidden; } .share svg { height: 1.1rem; }
.share rect { stroke: var(--paper); stroke-width: 1; vector-effect: non-scaling-stroke; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; white-space: nowrap; }
th.number, td.number { text-align: right; white-space: nowrap; }
td.name { font-weight: 600; white-space: nowrap; }
tr:target td, dt:target { background: var(--open-wash); }
.wide-table { overflow-x: auto; } .wide-table td:first-child { min-width: 15rem; }
.wide-table td:last-child { min-width: 18rem; }
td .tag, td.shape { white-space: nowrap; }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.6rem; font-size: .92rem; margin: .6rem 0; }
dl + h3 { margin-top: 1.4rem; } dt { margin-top: .9rem; }
dd { margin: .2rem 0 0; max-width: 46rem; } dd p { margin: .15rem 0; }
footer { margin-top: 2.5rem; padding-top: .75rem; border-top: 1px solid var(--line); font-size: .88rem; }
@media (max-width: 44rem) {
  body { padding: .8rem; }
  .answer { padding: .8rem .9rem; } .answer h2 { font-size: 1.25rem; }
  .class { padding-left: .7rem; }
  .wide-table td:first-child, .wide-table td:last-child { min-width: 0; }
  td .tag, .cards td.shape { white-space: normal; }
  .cards thead { position: absolute; left: -999rem; }
  .cards tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  .cards td, .cards td.number { display: block; border: 0; padding: 0; text-align: left; white-space: normal; }
  .cards td:empty { display: none; }
  .cards td[data-is]::before { content: attr(data-is) ": "; color: var(--soft); font-weight: 400; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --bad: #a11; --good: #175; --open: #750; }
  html { font-size: 8.5pt; }
  body { max-width: none; padding: 0; }
  .wide-table td:first-child, .wide-table td:last-child { min-width: 0; }
  h2 { margin-top: 1.2rem; } .class { margin: .6rem 0; }
  .answer, .tag, svg, rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .figures { grid-template-columns: 1fr 1fr; } dl { columns: 2; column-gap: 2rem; }
  figure, tr, dt, dd, .answer { break-inside: avoid; } h2, h3, h5, summary, dt { break-after: avoid; }
}
</style>
)html";

inline constexpr std::string_view kAuditPageLimits =
    R"html(<h2 id="limits">How sure is this, and what cannot be known</h2>
<p><b>Bits of evidence</b> say how much better one history explains the values than a single rounding from a wider
format does. Ten <a href="#bits">bits</a> are odds of 1000 to 1; a finding needs the threshold, 40 bits unless it was
set otherwise, which are odds of 10¹² to 1. The threshold is that high because a checkpoint has thousands of tensors,
and each is asked many questions.</p>
<p>Some histories leave no trace, and no tool can find them in the file alone:</p>
<ul>
<li>a detour of bf16 through f16 when no value is below 2⁻¹⁷ or above 65504: every bit is the same afterwards;</li>
<li>f16 or fp8 at an earlier time, when training or merging went on in a wider format after it;</li>
<li>stochastic rounding, or ties rounded away from zero, instead of rounding to nearest even;</li>
<li>whether the model was trained in bf16, or in f32 and rounded at the end;</li>
<li>a file that somebody changed on purpose to look genuine: this finds accidents, not forgers.</li>
</ul>
<p>With the original beside it, <code>candor diff</code> decides most of these from a few values.</p>
)html";

}  // namespace candor::cli
