/** What Nuxt knows of a built file, as far as the hints of a page go by it. */
interface BuiltFile { resourceType?: string, prefetch?: boolean, dynamicImports?: string[] }

/**
 * A reader downloads what his page needs now; the hints Nuxt makes of every dynamic import would bring him the other
 * language as well. One kind stays: what a page opens on a click is fetched when the browser has nothing else to do, so
 * that the first click shows it at once.
 */
export function dialogHints(manifest: Record<string, BuiltFile>): void {
  for (const [source, file] of Object.entries(manifest)) {
    file.prefetch = file.resourceType === 'script'
    if (!/^(?:pages|components)\//.test(source)) file.dynamicImports = []
  }
}
