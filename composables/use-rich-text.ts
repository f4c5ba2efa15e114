/** A small part of Markdown, as models write it: enough to read an answer well. It makes plain data, never markup. */
export type Inline =
  | { kind: 'text' | 'code' | 'bold' | 'italic', text: string }
  | { kind: 'link', text: string, href: string }

export type Block =
  | { kind: 'paragraph' | 'quote', lines: Inline[][] }
  | { kind: 'heading', level: number, line: Inline[] }
  | { kind: 'list', ordered: boolean, start: number, items: { depth: number, line: Inline[] }[] }
  | { kind: 'code', language: string, text: string }
  | { kind: 'table', head: Inline[][], rows: Inline[][][] }
  | { kind: 'rule' }

/** Longer than this an answer is shown as it is: every piece of a stream is read from the start. */
const READ_MAX = 200_000
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/
const QUOTE = /^ {0,3}>\s?(.*)$/
const RULE = /^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/

export function readRichText(text: string): Block[] {
  if (text.length > READ_MAX) return [{ kind: 'code', language: '', text }]
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  const blocks: Block[] = []
  let at = 0
  while (at < lines.length) {
    const read = readers.map(reader => reader(lines, at)).find(found => found !== undefined)
    if (read?.block) blocks.push(read.block)
    at = read?.next ?? at + 1
  }
  return blocks
}

interface Read { block?: Block, next: number }
type Reader = (lines: string[], at: number) => Read | undefined

/** Tried in this order; the last takes whatever the others leave. */
const readers: Reader[] = [readBlank, readFence, readHeading, readRule, readTable, readList, readQuote, readParagraph]

function readBlank(lines: string[], at: number): Read | undefined {
  return lines[at]?.trim() === '' ? { next: at + 1 } : undefined
}

/** A fence that is still open belongs to an answer that is still coming: what is there is code already. */
function readFence(lines: string[], at: number): Read | undefined {
  const open = FENCE.exec(lines[at] ?? '')
  const mark = open?.[1]
  if (!open || !mark) return undefined
  const isEnd = (line: string) => line.trim().startsWith(mark) && line.trim().replaceAll(mark[0] ?? '', '') === ''
  const end = lines.findIndex((line, index) => index > at && isEnd(line))
  const body = lines.slice(at + 1, end === -1 ? undefined : end)
  return { block: { kind: 'code', language: open[2] ?? '', text: body.join('\n') }, next: end === -1 ? lines.length : end + 1 }
}

function readHeading(lines: string[], at: number): Read | undefined {
  const found = HEADING.exec(lines[at] ?? '')
  return found ? { block: { kind: 'heading', level: found[1]?.length ?? 1, line: readInline(found[2] ?? '') }, next: at + 1 } : undefined
}

function readRule(lines: string[], at: number): Read | undefined {
  return RULE.test(lines[at] ?? '') ? { block: { kind: 'rule' }, next: at + 1 } : undefined
}

function readTable(lines: string[], at: number): Read | undefined {
  if (!lines[at]?.includes('|') || !lines[at + 1]?.includes('-') || !DIVIDER.test(lines[at + 1] ?? '')) return undefined
  let next = at + 2
  while (lines[next]?.includes('|')) next++
  const [head = [], , ...rows] = lines.slice(at, next).map(cellsOf)
  return { block: { kind: 'table', head, rows }, next }
}

function cellsOf(line: string): Inline[][] {
  return line.trim().replace(/^\||\|$/g, '').split('|').map(cell => readInline(cell.trim()))
}

function readList(lines: string[], at: number): Read | undefined {
  const first = ITEM.exec(lines[at] ?? '')
  if (!first) return undefined
  const items: { depth: number, text: string }[] = []
  let next = at
  for (; next < lines.length; next++) {
    const line = lines[next] ?? ''
    const item = ITEM.exec(line)
    const last = items.at(-1)
    const depth = Math.min(Math.floor((item?.[1]?.length ?? 0) / 2), 3)
    // Numbers after dots, or dots after numbers, begin another list.
    if (item && depth === 0 && (item[2] === undefined) !== (first[2] === undefined)) break
    if (item) items.push({ depth, text: item[3] ?? '' })
    // A line that is drawn in goes on with the item above it.
    else if (last && /^\s{2,}\S/.test(line) && !FENCE.test(line)) last.text += ` ${line.trim()}`
    else if (line.trim() !== '' || !ITEM.test(lines[next + 1] ?? '')) break
  }
  const ordered = first[2] !== undefined
  return { block: { kind: 'list', ordered, start: Number(first[2] ?? 1), items: items.map(({ depth, text }) => ({ depth, line: readInline(text) })) }, next }
}

function readQuote(lines: string[], at: number): Read | undefined {
  const inside: string[] = []
  for (let found = QUOTE.exec(lines[at] ?? ''); found; found = QUOTE.exec(lines[at + inside.length] ?? '')) inside.push(found[1] ?? '')
  return inside.length > 0 ? { block: { kind: 'quote', lines: inside.map(readInline) }, next: at + inside.length } : undefined
}

function readParagraph(lines: string[], at: number): Read {
  let next = at + 1
  while (next < lines.length && ![readBlank, readFence, readHeading, readList, readQuote].some(reader => reader(lines, next))) next++
  return { block: { kind: 'paragraph', lines: lines.slice(at, next).map(line => readInline(line)) }, next }
}

/** Code first, so that nothing inside it is read; addresses only of the web, so that no answer can run anything. */
const INLINE = /(`+)([^`]|[^`].*?[^`])\1(?!`)|\*\*(\S(?:.*?\S)?)\*\*|__(\S(?:.*?\S)?)__|(?<![\w*])\*(\S(?:[^*]*\S)?)\*(?![\w*])|(?<!\w)_(\S(?:[^_]*\S)?)_(?!\w)|\[([^\]]{1,500})\]\((https?:\/\/[^\s)]{1,2000})\)|(https?:\/\/[^\s<>()"'`]{3,2000}[^\s<>()"'`.,;:!?])/g

export function readInline(text: string): Inline[] {
  const parts: Inline[] = []
  let done = 0
  for (const found of text.matchAll(INLINE)) {
    if (found.index > done) parts.push({ kind: 'text', text: text.slice(done, found.index) })
    parts.push(partOf(found))
    done = found.index + found[0].length
  }
  if (done < text.length) parts.push({ kind: 'text', text: text.slice(done) })
  return parts
}

function partOf([whole, , code, bold, boldToo, italic, italicToo, label, href, address]: RegExpMatchArray): Inline {
  if (code !== undefined) return { kind: 'code', text: code.trim() || code }
  if (label !== undefined && href !== undefined) return { kind: 'link', text: label, href }
  if (address !== undefined) return { kind: 'link', text: address, href: address }
  const strong = bold ?? boldToo
  if (strong !== undefined) return { kind: 'bold', text: strong }
  return { kind: 'italic', text: italic ?? italicToo ?? whole ?? '' }
}
