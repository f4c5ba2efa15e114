import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { EventHandler } from 'h3'
import { defineEventHandler, getQuery } from 'h3'
import { useRuntime } from '#server/runtime'
import type { UserRecord } from '#server/users/users'
import { answerError } from './answer-error'
import { OWN_ANSWER } from './page-headers'
import { requireAdmin, requireUser } from './require-user'

/** Excel takes a file without it for the reader's old code page. */
const BYTE_ORDER_MARK = '\uFEFF'
const NUMBER = /^-?\d+(?:\.\d+)?$/
/** What makes a spreadsheet calculate a cell (https://owasp.org/www-community/attacks/CSV_Injection), full-width forms too. */
const FORMULA = /^[\t\r\n]*[=+\-@＝＋－＠]|^[\t\r\n]/

export type CsvCell = string | number | boolean | null

/** Rows of a file for spreadsheets, read page by page: only one page is ever in memory. */
export interface CsvFile {
  name: string
  columns: string[]
  /** For admins only. */
  admin?: true
  /** @param query as it stands in the address: whoever reads it checks it. */
  rows(user: UserRecord, query: Record<string, unknown>): AsyncIterable<CsvCell[]>
}

/** A download of the signed-in user's own rows, or the shop's for an admin. What goes wrong before the first page is an error like any other. */
export function defineCsv({ name, columns, admin, rows }: CsvFile): EventHandler {
  return defineEventHandler(async (event) => {
    try {
      const user = admin ? await requireAdmin(event) : await requireUser(event)
      const lines = writeLines(columns, rows(user, getQuery(event)))
      const first = await lines.next()
      event.node.res.writeHead(200, {
        'content-type': 'text/csv; charset=utf-8; header=present',
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': OWN_ANSWER,
      })
      await pipeline(Readable.from(withFirst(first, lines)), event.node.res).catch((error: NodeJS.ErrnoException) => {
        // A reader that leaves is no failure; a page that could not be read has cut the file short, visibly.
        if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') useRuntime().log.error(`the file ${name} ended early`, error)
      })
    }
    catch (error) {
      return answerError(event, error)
    }
  })
}

async function* writeLines(columns: string[], rows: AsyncIterable<CsvCell[]>): AsyncGenerator<string> {
  let text = BYTE_ORDER_MARK + toCsvLine(columns)
  for await (const row of rows) {
    yield text
    text = toCsvLine(row)
  }
  yield text
}

async function* withFirst(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (!first.done) yield first.value
  yield* rest
}

/** One line as RFC 4180 has it. A cell a spreadsheet would calculate is turned into text by an apostrophe; numbers stay. */
export function toCsvLine(cells: CsvCell[]): string {
  return `${cells.map(toCell).join(',')}\r\n`
}

function toCell(cell: CsvCell): string {
  const plain = cell === null ? '' : String(cell)
  const text = !NUMBER.test(plain) && FORMULA.test(plain) ? `'${plain}` : plain
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
