import ts from 'typescript'
import type { Finding, Source } from './sources'
import { lineOf } from './sources'

/**
 * Nuxt imports components, composables and stores by their names, so no tool that follows imports can tell which of
 * them nobody uses any more. A name that stands in no other file is one.
 */
export function checkUnused(sources: Source[]): Finding[] {
  const words = new Map(sources.map(({ path, text }) => [path, new Set(text.match(/[A-Za-z_$][\w$]*/g))]))
  const usedOutside = (path: string, isName: (word: string) => boolean) => [...words].some(([other, found]) => other !== path && [...found].some(isName))
  const cure = 'use it or delete it'

  return sources.flatMap((source) => {
    const { path } = source
    const component = /^components\/.*?([A-Z]\w*)\.vue$/.exec(path)?.[1]
    if (component) return usedOutside(path, word => word.endsWith(component)) ? [] : [{ path, line: 1, wrong: 'is a component no page shows', cure }]
    if (!/^(?:composables|stores|shared\/utils)\//.test(path)) return []
    return exportsOf(source).filter(({ name }) => !usedInside(source, name) && !usedOutside(path, word => word === name))
      .map(({ name, line }) => ({ path, line, wrong: `exports ${name}, which nobody uses`, cure }))
  })
}

const usedInside = ({ text }: Source, name: string): boolean => text.split(new RegExp(`\\b${name}\\b`)).length > 2

/** Values only: a type may describe what a function takes without being named elsewhere. */
function exportsOf(source: Source): { name: string, line: number }[] {
  return source.ast.statements.flatMap((statement) => {
    const isExported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (!isExported) return []
    const line = lineOf(source, statement)
    if (ts.isFunctionDeclaration(statement) && statement.name) return [{ name: statement.name.text, line }]
    if (!ts.isVariableStatement(statement)) return []
    return statement.declarationList.declarations.map(({ name }) => ({ name: name.getText(source.ast), line }))
  })
}
