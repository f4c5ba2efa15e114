const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character] ?? '')
}

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5c6878; --page: #f4f6f9; --card: #fff; --line: #dde3ea; --accent: #0f766e; --warn: #b42318 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ecf2; --soft: #9aa7b6; --page: #0f141a; --card: #171e26; --line: #2a343f; --accent: #5eead4; --warn: #fda29b }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem }
main.narrow { max-width: 28rem }
h1 { font-size: 1.4rem; margin: .5rem 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p { margin: .4rem 0 } .soft, small { color: var(--soft) } .warn { color: var(--warn) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .25rem 1rem; margin: .75rem 0; overflow-x: auto }
code { font: .86em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line) }
tr:first-child td, tr:first-child th { border-top: 0 } td code { white-space: nowrap }
@media (max-width: 40rem) { td { display: block; padding: 0 } td:first-child { padding-top: .45rem } td:last-child { padding-bottom: .45rem } td + td { border-top: 0 } td code { white-space: normal } }
a { color: var(--accent) }
a.choice { display: flex; gap: .75rem; align-items: center; min-height: 3.25rem; padding: .5rem 0; border-top: 1px solid var(--line); color: inherit; text-decoration: none }
a.choice:first-child { border-top: 0 } a.choice:hover strong, a.choice:focus strong { color: var(--accent) }
a.choice span { min-width: 0; overflow-wrap: anywhere } a.choice small { display: block }
a.choice img { width: 2.5rem; height: 2.5rem; border-radius: 50%; flex: none }
form { display: flex; gap: .5rem; padding: .75rem 0 } label { display: block; flex: 1 }
input, button { font: inherit; min-height: 2.75rem; border-radius: 8px; border: 1px solid var(--line); background: var(--page); color: inherit; padding: 0 .75rem; width: 100% }
button { width: auto; background: var(--accent); color: var(--card); border: 0; cursor: pointer }
form.stack { flex-direction: column } form.stack button { width: 100% } button.plain { background: var(--page); color: var(--ink); border: 1px solid var(--line) }
button:hover { filter: brightness(1.08) } :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.amount { font-size: 2.5rem; font-weight: 650; line-height: 1.2; margin: .5rem 0 0; font-variant-numeric: tabular-nums } .amount small { font-size: 1rem; font-weight: 400 }
`

/** Where a page leads by itself after some seconds. */
export interface Onward {
  seconds: number
  address: string
}

/** Wraps a body in the sandbox's one look. `body` is HTML already escaped; `title` and addresses are plain text. */
export function page(title: string, body: string, width: 'wide' | 'narrow' = 'wide', onward?: Onward): string {
  const refresh = onward ? `\n<meta http-equiv="refresh" content="${escapeHtml(`${onward.seconds};url=${onward.address}`)}">` : ''
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>${refresh}
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body><main class="${width}">${body}</main></body>
</html>
`
}
