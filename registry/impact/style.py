# SPDX-License-Identifier: Apache-2.0
"""The style sheet of the page; colours have a contrast of at least 4.5:1 in both schemes."""

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #566273; --line: #dde2e8;
  --good: #146c2e; --soon: #7a5300; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --page: #11161d; --card: #1a212b; --ink: #e6eaf0; --soft: #a3afbe; --line: #303a47; --good: #86d39b;
    --soon: #e8c170; --bad: #f5a19b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 84rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 0; font-size: 1.2rem; display: inline; }
header p { margin: .35rem 0; max-width: 60rem; }
header .answer { font-size: 1.1rem; font-weight: 600; }
.from, section > p, details > p { color: var(--soft); max-width: 60rem; }
.from { font-size: .8rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0 0;
  padding: 0; list-style: none; }
.figures li { display: flex; flex-direction: column; padding: .9rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-left: .35rem solid currentColor; border-radius: .7rem; }
.figures b { font-size: 2rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
.figures span { color: var(--ink); font-size: .9rem; }
.good { color: var(--good); } .soon { color: var(--soon); } .bad { color: var(--bad); }
section, details { margin: 1.5rem 0 0; padding: 1rem 1.1rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem; }
summary { cursor: pointer; }
.wide { overflow-x: auto; margin-top: .6rem; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
th, td { padding: .3rem .55rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 600; white-space: nowrap; }
td { min-width: 4.5rem; }
@media print { body { max-width: none; background: #fff; } section, details { break-inside: avoid-page; } }
"""
