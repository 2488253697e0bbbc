# SPDX-License-Identifier: Apache-2.0
"""The style sheet of the page about changes; colours have a contrast of at least 4.5:1 in both schemes."""

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #566273; --line: #dde2e8;
  --link: #0b57d0; --bad: #b3261e; --bad-back: #fdecea; --good: #146c2e; --good-back: #e6f4ea; --other: #7a5300; }
@media (prefers-color-scheme: dark) {
  :root { --page: #11161d; --card: #1a212b; --ink: #e6eaf0; --soft: #a3afbe; --line: #303a47; --link: #8ab4f8;
    --bad: #f5a19b; --bad-back: #3b1f1d; --good: #86d39b; --good-back: #17301f; --other: #e8c170; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; }
header p { margin: .25rem 0 1.5rem; color: var(--soft); }
a { color: var(--link); }
code { font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, monospace; font-size: .875em; padding: 0 .3em;
  border: 1px solid var(--line); border-radius: .3em; white-space: nowrap; }
small { color: var(--soft); font-size: .85em; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0 0 1rem; }
.facts div { flex: 1 1 12rem; padding: .6rem .9rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
dd span { white-space: nowrap; }
ul { margin: 0; padding: 0; list-style: none; }
.summary { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1.5rem; }
.summary li { padding: .2rem .7rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem;
  font-size: .9rem; }
.summary a { color: inherit; text-decoration: none; }
.summary a:hover, .summary a:focus { text-decoration: underline; }
.good b, .good > summary span { color: var(--good); }
.bad b, .bad > summary span { color: var(--bad); }
.other b, .other > summary span { color: var(--other); }
.about b { color: inherit; }
.kind { margin: 0 0 .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.kind summary { padding: .6rem .9rem; cursor: pointer; font-weight: 600; }
.kind summary::first-letter { text-transform: uppercase; }
.kind summary span { font-variant-numeric: tabular-nums; }
.kind li { padding: .6rem .9rem; border-top: 1px solid var(--line); }
.values { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem .5rem;
  margin-top: .2rem; }
.values span { padding: .05rem .5rem; border-radius: .35rem; font-size: .9rem; max-width: 100%; }
.values .good { background: var(--good-back); color: var(--good); }
.values .bad { background: var(--bad-back); color: var(--bad); }
.values .neutral { border: 1px solid var(--line); }
.before { background: var(--bad-back); color: var(--bad); }
.before::before { content: "\\2212\\a0"; }
.after { background: var(--good-back); color: var(--good); }
.after::before { content: "+\\a0"; }
.values small { color: inherit; }
.note { margin: .3rem 0 0; color: var(--other); font-size: .9rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; background: var(--card); font-size: .9rem;
  font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .4rem .6rem; border: 1px solid var(--line); text-align: left; }
td { white-space: nowrap; }
thead th { font-weight: 600; color: var(--soft); vertical-align: bottom; }
.list { scroll-margin-top: 1rem; }
@media print { body { max-width: none; background: #fff; } .kind { break-inside: auto; } }
"""
