# SPDX-License-Identifier: Apache-2.0
"""The style sheet of a report; colours have a contrast of at least 4.5:1 in both schemes."""

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #566273; --line: #dde2e8;
  --link: #0b57d0; --warn: #7a5300; --warn-back: #fdf3dc; --full: 11, 87, 208; }
@media (prefers-color-scheme: dark) {
  :root { --page: #11161d; --card: #1a212b; --ink: #e6eaf0; --soft: #a3afbe; --line: #303a47; --link: #8ab4f8;
    --warn: #e8c170; --warn-back: #352a12; --full: 138, 180, 248; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 84rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 0; font-size: 1.2rem; display: inline; }
a { color: var(--link); }
header p { margin: .35rem 0; max-width: 60rem; }
header .answer { font-size: 1.1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1.25rem 0 0; padding: 0; list-style: none; }
nav a { display: block; padding: .15rem .7rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1rem; font-size: .875rem; color: inherit; text-decoration: none; }
nav a:hover, nav a:focus { text-decoration: underline; }
.warnings { margin: 1.25rem 0 0; padding: .6rem .9rem .6rem 2rem; background: var(--warn-back); color: var(--warn);
  border-radius: .6rem; }
section, details { margin: 1.5rem 0 0; padding: 1rem 1.1rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem; scroll-margin-top: 1rem; }
summary { cursor: pointer; }
section > p, details > p { margin: .5rem 0 .75rem; color: var(--soft); max-width: 60rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), auto)); gap: 1rem;
  justify-content: start; margin: 0 0 .75rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .3rem .55rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; min-width: 9rem; }
td { min-width: 3.5rem; }
td a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .15em; }
tr:target th, tr:target td { outline: 2px solid var(--link); outline-offset: -2px; }
.long { font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, monospace; font-size: .8em;
  overflow-wrap: anywhere; min-width: 10rem; }
.unknown { font-style: italic; background: repeating-linear-gradient(135deg, transparent 0 6px,
  rgba(var(--full), .12) 6px 8px); }
.mini { display: block; color: var(--link); }
.from { margin: .6rem 0 0; font-size: .8rem; color: var(--soft); }
@media print { body { max-width: none; background: #fff; } section, details { break-inside: avoid-page; } }
"""
