/**
 * `virtual:rest-icons` adds the icons of the consoles. What is bundled with the application itself comes with every page,
 * so that holds only the icons of the front pages; these are loaded with the words of the other pages.
 */
import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

interface IconSet { prefix: string, icons: Record<string, { body: string }>, aliases?: Record<string, { parent: string }>, width: number, height: number }

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const REQUEST = 'virtual:rest-icons'
const LOADED = '\0rest-icons.js'

/** Where the icons of the front pages stand. */
export const frontSources = ['{app,error}.vue', 'pages/{index,login,status,docs}.vue', 'pages/models/**/*.vue', 'components/{index,models,status,docs}/*.vue', 'components/ui/{AnnouncementCard,CopyButton,EmptyState,LocaleSwitch,ProblemAlert,SiteNotices,StaleAlert}.vue']
const restSources = ['{pages,components}/{console,admin}/**/*.vue', 'components/ui/*.vue', 'pages/{console,admin}.vue', '{composables,stores}/**/*.ts']

/** For vite, on both sides. */
export function restIcons() {
  return {
    name: 'rest-icons',
    resolveId: (request: string) => request === REQUEST ? LOADED : null,
    load(id: string) {
      if (id !== LOADED) return null
      const { prefix, icons, aliases = {}, width, height } = createRequire(import.meta.url)('@iconify-json/lucide/icons.json') as IconSet
      const used = [...new Set(restSources.flatMap(pattern => globSync(pattern, { cwd: ROOT })).flatMap(file => namesIn(readFileSync(`${ROOT}/${file}`, 'utf8'))))].sort()
      const found = Object.fromEntries(used.flatMap((name) => {
        const icon = icons[name] ?? icons[aliases[name]?.parent ?? '']
        return icon ? [[name, { body: icon.body }]] : []
      }))
      return `import { addCollection } from '@iconify/vue'\naddCollection(${JSON.stringify({ prefix, width, height, icons: found })})\n`
    },
  }
}

const namesIn = (text: string): string[] => [...text.matchAll(/\bi-lucide-([a-z0-9-]+)/g)].map(match => match[1] ?? '')
