import ts from 'typescript'
import type { Finding, Source } from './sources'
import { lineOf } from './sources'

const FILE_MAX = 400
const FUNCTION_MAX = 70
const ROUTE_MAX = 15

const isRoute = (path: string): boolean => /^server\/routes\/v1/.test(path)
/** Data and tests may be long: nobody reads them from top to bottom. */
const isExempt = (path: string): boolean => /^(?:tests|i18n)\//.test(path) || path.includes('/fixtures/')

export function checkSizes(source: Source): Finding[] {
  if (isExempt(source.path)) return []
  const lines = source.text.trimEnd().split('\n').length
  const found: Finding[] = []
  if (lines > FILE_MAX) found.push({ path: source.path, line: FILE_MAX, wrong: `has ${lines} lines, ${FILE_MAX} is the limit`, cure: 'find the second subject in it and give that a file of its own' })
  if (isRoute(source.path) && lines > ROUTE_MAX) found.push({ path: source.path, line: ROUTE_MAX, wrong: `has ${lines} lines, a route has at most ${ROUTE_MAX}`, cure: 'a route says "this path speaks this dialect" and no more: the rest belongs into the gateway' })
  return [...found, ...longFunctions(source)]
}

function longFunctions(source: Source): Finding[] {
  const code = linesWithCode(source.ast)
  const found: Finding[] = []
  const see = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const length = ownLines(node, source.ast, code)
      if (length > FUNCTION_MAX) {
        found.push({ path: source.path, line: lineOf(source, node), wrong: `${nameOf(node)} has ${length} lines, ${FUNCTION_MAX} is the limit`, cure: 'let it tell the story and move the steps into functions with names' })
      }
    }
    ts.forEachChild(node, see)
  }
  see(source.ast)
  return found
}

/**
 * Lines with code in them, less those of functions with a name declared inside, which are counted for themselves:
 * a factory that returns five small verbs is not one long function.
 */
function ownLines(node: ts.Node, ast: ts.SourceFile, code: Set<number>): number {
  const lines = rangeOf(node, ast).filter(line => code.has(line))
  const nested = new Set(declaredInside(node).flatMap(inner => rangeOf(inner, ast)))
  return lines.filter(line => !nested.has(line)).length
}

function declaredInside(node: ts.Node): ts.Node[] {
  const found: ts.Node[] = []
  const see = (child: ts.Node): void => {
    if (ts.isFunctionDeclaration(child)) found.push(child)
    else ts.forEachChild(child, see)
  }
  ts.forEachChild(node, see)
  return found
}

function rangeOf(node: ts.Node, ast: ts.SourceFile): number[] {
  const first = ast.getLineAndCharacterOfPosition(node.getStart(ast)).line
  const last = ast.getLineAndCharacterOfPosition(node.getEnd()).line
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** Lines holding at least one token: neither blank nor only a comment. */
function linesWithCode(ast: ts.SourceFile): Set<number> {
  const lines = new Set<number>()
  const see = (node: ts.Node): void => {
    if (node.getChildCount(ast) === 0 && node.kind !== ts.SyntaxKind.EndOfFileToken) for (const line of rangeOf(node, ast)) lines.add(line)
    else node.getChildren(ast).filter(child => child.kind < ts.SyntaxKind.FirstJSDocNode || child.kind > ts.SyntaxKind.LastJSDocNode).forEach(see)
  }
  see(ast)
  return lines
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name) return node.name.getText()
  return ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent) ? node.parent.name.getText() : 'a function without a name'
}
