/** The style sheet of a report page: readable at any width, in light and dark, on paper; no font, image or script from anywhere. */
export const pageStyle = `
  :root { color-scheme: light dark; --text: #1f2328; --back: #fff; --soft: #59636e; --line: #d1d9e0; --shade: #f6f8fa; --good: #1a7f37; --bad: #cf222e;
    --accept: #dafbe1; --one: #0969da; --two: #bc4c00; --three: #8250df; --four: #6e7781 }
  @media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --back: #0d1117; --soft: #9198a1; --line: #3d444d; --shade: #161b22; --good: #3fb950; --bad: #ff7b72;
    --accept: #12361f; --one: #58a6ff; --two: #f0883e; --three: #bc8cff; --four: #9198a1 } }
  * { box-sizing: border-box }
  html { -webkit-text-size-adjust: 100% }
  body { font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 .75rem; overflow-wrap: anywhere }
  h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line) }
  p, li { overflow-wrap: anywhere }
  p, li { max-width: 46rem }
  .soft { color: var(--soft); font-size: .9rem }
  .badge { display: inline-block; font-weight: 600; font-size: .85rem; padding: .1rem .6rem; border-radius: 1rem; border: 1px solid var(--line) }
  .badge.improves { color: var(--good); border-color: var(--good) } .badge.harms { color: var(--bad); border-color: var(--bad) }
  .notice { border-left: 4px solid var(--two); background: var(--shade); padding: .5rem .75rem; margin: 1rem 0 }
  .scroll { overflow-x: auto } .scroll td:first-child, .scroll .wide { min-width: 8rem } .scroll td.figure:first-child { min-width: 1.5rem } .scroll code { white-space: nowrap }
  table { border-collapse: collapse; font-size: .92rem }
  th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line) }
  th { color: var(--soft); font-weight: 600 } .figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
  .good { color: var(--good); font-weight: 600 } .bad { color: var(--bad); font-weight: 600 }
  code, .mono { font: .88em ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere }
  a { color: var(--one) }
  figure { margin: 1rem 0 } figure svg { width: 100%; max-width: 42rem; height: auto; display: block }
  svg text { font: 12px system-ui, sans-serif; fill: var(--soft) } svg .axis { stroke: var(--line); stroke-width: 1 }
  svg .region { fill: var(--accept); stroke: none } svg .limit { fill: none; stroke: var(--good); stroke-width: 1.5 }
  svg .futile { fill: none; stroke: var(--bad); stroke-width: 1; stroke-dasharray: 4 3 } svg .even { stroke: var(--line); stroke-dasharray: 2 4 }
  svg .walk { fill: none; stroke-width: 1.5; stroke-linejoin: round } svg .lead { stroke-width: 3 }
  svg .c1 { stroke: var(--one) } svg .c2 { stroke: var(--two) } svg .c3 { stroke: var(--three) } svg .c4 { stroke: var(--four) }
  svg .dot.c1 { fill: var(--one) } svg .dot.c2 { fill: var(--two) } svg .dot.c3 { fill: var(--three) } svg .dot.c4 { fill: var(--four) }
  svg .name { font-weight: 600 }
  details { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; padding: 0 .75rem }
  summary { cursor: pointer; padding: .5rem 0; overflow-wrap: anywhere }
  .columns { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; padding-bottom: .75rem } .columns > div { min-width: 0 }
  .columns h3 { font-size: .9rem; margin: .25rem 0; color: var(--soft) }
  .message { border-left: 3px solid var(--line); padding: .15rem 0 .15rem .6rem; margin: .5rem 0; font-size: .92rem }
  .message.user { border-color: var(--one) } .message.assistant { border-color: var(--good) } .message.differs { background: var(--shade) }
  .role { color: var(--soft); font-size: .78rem; font-weight: 600 } .part { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
  @media (max-width: 640px) { svg text { font-size: 18px } .columns { grid-template-columns: 1fr } th, td { padding-right: .6rem } table { font-size: .85rem } }
  @media print { details { break-inside: avoid } body { max-width: none } }
`;
