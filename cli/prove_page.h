// The fixed parts of the page that `candor prove --html` writes: nothing is loaded from elsewhere, and nothing is sent.
#pragma once

#include <string_view>

namespace candor::cli {

inline constexpr std::string_view kProvePageHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>candor prove</title>
<style>
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #5a6472; --line: #d9dee5; --band: #f4f6f8;
  --good: #18703a; --bad: #b3261e; --open: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ec; --paper: #14171b; --soft: #9aa5b1; --line: #343b44;
  --band: #1d2228; --good: #6fcf8f; --bad: #ff8a80; --open: #f0b95a; } }
body { margin: 0 auto; padding: 1.25rem; max-width: 90rem; color: var(--ink); background: var(--paper);
  font: 0.95rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .25rem; }
p { margin: .25rem 0; }
.soft { color: var(--soft); }
.proven { color: var(--good); }
.mismatch { color: var(--bad); font-weight: 600; }
.unseen { color: var(--open); font-weight: 600; }
form { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; padding: .6rem 0;
  background: var(--paper); }
input { flex: 1 1 14rem; }
input, form button { font: inherit; padding: .35rem .6rem; color: inherit; background: var(--band);
  border: 1px solid var(--line); border-radius: .35rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; }
td { overflow-wrap: break-word; }
.details th, .number { white-space: nowrap; }
.details td:first-child { min-width: 11rem; }
td button { all: unset; cursor: pointer; }
td button::before { content: "\25b8"; display: inline-block; width: 1.1em; color: var(--soft); }
td button[aria-expanded=true]::before { content: "\25be"; }
button:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.details > td { background: var(--band); padding: .6rem; }
.details table { margin: .3rem 0 .9rem; font-size: .88rem; }
.number { font-family: ui-monospace, monospace; font-size: .9em; }
[hidden] { display: none !important; }
@media (max-width: 48rem) {
  body { padding: .75rem; }
  thead { position: absolute; left: -999rem; }
  tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: 0; }
  .number { white-space: normal; }
  td[data-is]::before { content: attr(data-is) ": "; color: var(--soft); }
}
@media print {
  form { display: none; }
  body { max-width: none; font-size: 8.5pt; padding: 0; }
  tr { break-inside: avoid; }
  .details { break-inside: auto; }
}
</style>
</head>
<body>
)html";

inline constexpr std::string_view kProvePageFilter = R"html(<form>
<input id="filter" type="search" placeholder="Filter: matmul bf16 avx2"
  aria-label="Show rows that hold all of these words">
<button type="button" id="open">Open those shown</button>
<span id="shown" class="soft" aria-live="polite"></span>
</form>
<noscript><p>Answers and canaries open with JavaScript only;
<code>candor prove --json</code> writes them too.</p></noscript>
<table id="rows">
<thead><tr><th>op</th><th>a·b→out</th><th>product/sum</th><th>kernel</th><th>ISA</th><th>instructions</th>
<th>verdict</th></tr></thead>
<tbody>
)html";

inline constexpr std::string_view kProvePageChecks = R"html(<h2>Checks</h2>
<table>
<thead><tr><th>section</th><th>of</th><th>claimed</th><th>found</th><th>evidence</th><th>verdict</th></tr></thead>
<tbody>
)html";

inline constexpr std::string_view kProvePageScript = R"html(<script>
"use strict";
const data = JSON.parse(document.getElementById("data").textContent), word = i => data.words[i];
const rows = [...document.querySelectorAll("#rows > tbody > tr")];
const text = rows.map(row => row.textContent.toLowerCase());
function element(name, content, className) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...[content].flat());
  return made;
}
function decimal(x) { return typeof x === "string" ? x : Object.is(x, -0) ? "-0" : String(x); }
function hex(x) {  // as C's %a
  if (typeof x === "string") return "";
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  if (x === 0) return sign + "0x0p+0";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0) & 0x7fffffffffffffffn, field = Number(bits >> 52n);
  const digits = (bits & 0xfffffffffffffn).toString(16).padStart(13, "0").replace(/0+$/, "");
  const exponent = field === 0 ? -1022 : field - 1023;
  const first = (field === 0 ? "0" : "1") + (digits ? "." : "");
  return sign + "0x" + first + digits + "p" + (exponent < 0 ? "" : "+") + exponent;
}
function number(x) { return element("span", [decimal(x), hex(x) && " = " + hex(x)], "number"); }
function range(low, high) {
  return low === high ? number(low) : element("span", [number(low), " to ", number(high)]);
}
function table(titles, lines) {
  const made = element("table", element("thead", element("tr", titles.map(title => element("th", title)))));
  const body = element("tbody", lines.map(cells => element("tr", cells.map((cell, i) => {
    const made = element("td", cell);
    made.dataset.is = titles[i];
    return made;
  }))));
  made.append(body);
  return made;
}
function verdict(name) { return element("span", name, name); }
function details(row) {
  const cell = document.createElement("td");
  cell.colSpan = 7;
  if (row.finding) cell.append(element("p", row.finding, row.verdict));
  const titles = ["question", "claimed", "found", "evidence", "verdict"];
  if (row.answers.length) cell.append(table(titles, row.answers.map(
    a => [word(a[0]), word(a[1]), word(a[2]), word(a[3]), verdict(word(a[4]))])));
  if (row.code) {
    const counts = row.code.instructions.map(i => word(i[0]) + " " + i[1]).join(", ") || "none that tell classes apart";
    cell.append(element("p", ["Instructions of ", element("code", row.code.function), " and what it reaches (" +
      row.code.functions + " functions): " + counts]));
  }
  if (row.canaries.length) cell.append(table(["canary", "input", "claimed", "found", "verdict"], row.canaries.map(
    c => [word(c[0]), word(c[1]), range(c[2], c[3]), number(c[4]),
      c[5] ? element("span", "agrees", "proven") : element("span", "differs", "mismatch")])));
  return element("tr", cell, "details");
}
function open(i, wanted) {
  const button = rows[i].querySelector("button"), next = rows[i].nextElementSibling;
  const is = button.getAttribute("aria-expanded") === "true";
  if (is === wanted) return;
  button.setAttribute("aria-expanded", wanted);
  if (wanted) rows[i].after(details(data.rows[i])); else next.remove();
}
function filter() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, i) => {
    row.hidden = !words.every(w => text[i].includes(w));
    if (row.hidden) open(i, false); else ++shown;
  });
  document.getElementById("shown").textContent = shown + " of " + rows.length + " rows";
}
rows.forEach((row, i) => row.querySelector("button").addEventListener("click",
  event => open(i, event.currentTarget.getAttribute("aria-expanded") !== "true")));
document.getElementById("filter").addEventListener("input", filter);
document.getElementById("open").addEventListener("click", () => rows.forEach((row, i) => row.hidden || open(i, true)));
document.querySelector("form").addEventListener("submit", event => event.preventDefault());
filter();
</script>
</body>
</html>
)html";

}  // namespace candor::cli
