/**
 * The table of operations as the browser needs it: method and path. Its schemas are for the server and for types; with
 * them every page would carry the whole library of schemas. Forms import the schemas they check by themselves.
 */
interface Node { type: string, start: number, end: number, [field: string]: unknown }
interface ParseContext { parse(code: string): unknown }

const TABLE = /\/shared\/schemas\/api\.ts$/
const KEPT = new Set(['method', 'path'])

/** For vite, in the build of the browser alone. */
export function lightApi() {
  return {
    name: 'light-api',
    transform(this: ParseContext, code: string, id: string) {
      if (!TABLE.test(id.replace(/\?.*$/, ''))) return null
      const rows = rowsOf(this.parse(code) as Node).map(row => `  ${nameOf(row)}: { ${fieldsOf(row).map(({ start, end }) => code.slice(start, end)).join(', ')} },`)
      if (rows.length === 0) throw new Error('light-api: there is no table `api` in shared/schemas/api.ts')
      return { code: `export const api = {\n${rows.join('\n')}\n}\n`, map: null }
    },
  }
}

/** The properties of the object in `export const api = define({ … })`. */
function rowsOf(program: Node): Node[] {
  const declarations = (program['body'] as Node[]).flatMap(statement => ((statement['declaration'] as Node | null)?.['declarations'] ?? []) as Node[])
  const table = declarations.find(declaration => (declaration['id'] as Node)['name'] === 'api')
  const [argument] = ((table?.['init'] as Node | undefined)?.['arguments'] ?? []) as Node[]
  return (argument?.['properties'] ?? []) as Node[]
}

const nameOf = (property: Node): string => String((property['key'] as Node)['name'])

function fieldsOf(row: Node): Node[] {
  return ((row['value'] as Node)['properties'] as Node[]).filter(field => KEPT.has(nameOf(field)))
}
