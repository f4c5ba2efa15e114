/** Reads the repository: which files there are, and what stands in each, with TypeScript's own parser. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** One file with code in it. `.vue` files keep their line numbers: everything outside `<script>` is blanked. */
export interface Source {
  /** From the root of the repository, with forward slashes. */
  path: string
  text: string
  ast: ts.SourceFile
}

export interface Import {
  specifier: string
  line: number
}

/** What a check has found: where, what is wrong there, and what to do about it. */
export interface Finding {
  path: string
  line: number
  wrong: string
  cure: string
}

const skipped = /^(?:node_modules|coverage|dist.*)$/
const keptDotNames = new Set(['.ci', '.well-known', '.github', '.editorconfig', '.env.example', '.gitignore', '.npmrc', '.gitattributes'])

/** Every file a commit would hold, sorted. Build outputs, data and installed packages are not among them. */
export function listFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !skipped.test(name) && (!name.startsWith('.') || keptDotNames.has(name)) && !name.endsWith('.log'))
    .flatMap((entry) => {
      const path = folder ? `${folder}/${entry.name}` : entry.name
      return entry.isDirectory() ? listFiles(path) : [path]
    })
    .sort()
}

export const isCode = (path: string): boolean => /\.(?:ts|mts|mjs|js|vue)$/.test(path) && !path.includes('/fixtures/')

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function parse(path: string, text: string): Source {
  const code = path.endsWith('.vue') ? scriptsOf(text) : text
  return { path, text, ast: ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS) }
}

export function lineOf({ ast }: Source, node: ts.Node): number {
  return ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1
}

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node)
  ts.forEachChild(node, child => visit(child, see))
}

/** Static, dynamic, type-only and re-exporting imports alike: a direction holds for all of them. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  visit(source.ast, (node) => {
    const specifier = specifierOf(node)
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ specifier: specifier.text, line: lineOf(source, specifier) })
  })
  return found
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0]
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal
  return undefined
}

/** The `<script>` blocks of a component where they stand, all else replaced by spaces. */
function scriptsOf(text: string): string {
  const kept = [...text.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)].map((match) => {
    const body = match[1] ?? ''
    const start = match.index + match[0].lastIndexOf(body)
    return { start, end: start + body.length }
  })
  return blankOutside(text, kept)
}

function blankOutside(text: string, kept: { start: number, end: number }[]): string {
  let out = ''
  let position = 0
  for (const { start, end } of kept) {
    out += text.slice(position, start).replace(/[^\n]/g, ' ') + text.slice(start, end)
    position = end
  }
  return out + text.slice(position).replace(/[^\n]/g, ' ')
}
