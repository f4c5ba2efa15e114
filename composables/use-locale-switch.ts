import type { Composer, I18n } from 'vue-i18n'
import type { en } from '@nuxt/ui/locale'
import type { LocaleCode } from '~~/shared/utils/locales'

/** The words of the front pages, and those of everything behind them. */
export type LocalePart = 'front' | 'rest'
type Messages = Record<string, unknown>
type UiLocale = typeof en

/** One chunk per language and part: a reader downloads only the words he reads. */
const loaders: Record<LocaleCode, Record<LocalePart, () => Promise<{ default: Messages }>>> = {
  'zh-CN': { front: () => import('~/i18n/zh-CN.json?locale=front'), rest: () => import('~/i18n/zh-CN.json?locale=rest') },
  'en': { front: () => import('~/i18n/en.json?locale=front'), rest: () => import('~/i18n/en.json?locale=rest') },
}

/** Words of the component library, loaded likewise. */
const uiLoaders: Record<LocaleCode, () => Promise<{ default: UiLocale }>> = {
  'zh-CN': () => import('@nuxt/ui/runtime/locale/zh_cn.js'),
  'en': () => import('@nuxt/ui/runtime/locale/en.js'),
}
/** The same for every reader, so that they may share it. */
const uiLocales = shallowReactive<Partial<Record<LocaleCode, UiLocale>>>({})

/** The parts a page needs. Whatever is no front page takes all, and so do tests, which mount anything anywhere. */
export function localePartsOf(path: string): LocalePart[] {
  const front = path === '/' || path === '/status' || path === '/models' || path.startsWith('/models/')
  return front && !import.meta.test ? ['front'] : ['front', 'rest']
}

/** Adds parts of a language that are not there yet. */
export async function addMessages(composer: Composer, code: LocaleCode, parts: LocalePart[]): Promise<void> {
  const known = composer.getLocaleMessage(code) as Messages
  uiLocales[code] ??= (await uiLoaders[code]()).default
  for (const part of parts) {
    if (known[loadedMark(part)]) continue
    const { default: messages } = await loaders[code][part]()
    composer.mergeLocaleMessage(code, { ...wholeMessages(messages), [loadedMark(part)]: true })
  }
}

const loadedMark = (part: LocalePart) => `_${part}`

/** The parser of texts stays at home: here every one is a tree already, of plain ones the smallest there is. */
function wholeMessages(messages: Messages): Messages {
  return Object.fromEntries(Object.entries(messages).map(([key, value]) => {
    if (typeof value === 'string') return [key, { t: 0, b: { t: 2, i: [], s: value } }]
    return [key, isTree(value) ? value : wholeMessages(value as Messages)]
  }))
}

const isTree = (value: unknown): boolean => typeof value === 'object' && value !== null && 't' in value && value.t === 0 && 'b' in value

export function useComposer(): Composer {
  return useNuxtApp().$i18n as unknown as I18n['global'] as Composer
}

/** The reader's language, and the way to change it for good. */
export function useLocaleSwitch() {
  const composer = useComposer()
  const cookie = useCookie<string | null>('locale', { maxAge: 31_536_000, path: '/', sameSite: 'lax' })
  const current = computed(() => composer.locale.value as LocaleCode)
  const uiLocale = computed(() => uiLocales[current.value])
  const route = useRoute()

  async function setLocale(code: LocaleCode) {
    await addMessages(composer, code, localePartsOf(route.path))
    composer.locale.value = code
    cookie.value = code
  }

  /** For a front page that must say more than it usually does. */
  const loadRest = () => addMessages(composer, current.value, ['rest'])

  return { current, uiLocale, setLocale, loadRest }
}
