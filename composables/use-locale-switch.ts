import type { Composer } from 'vue-i18n'

export const localeCodes = ['zh-CN', 'en'] as const
export type LocaleCode = typeof localeCodes[number]

type Messages = typeof import('~/i18n/zh-CN.json')

/** One chunk per language: a reader downloads only the words he reads. */
const loaders: Record<LocaleCode, () => Promise<{ default: unknown }>> = {
  'zh-CN': () => import('~/i18n/zh-CN.json'),
  'en': () => import('~/i18n/en.json'),
}

export async function loadMessages(code: LocaleCode): Promise<Messages> {
  const { default: messages } = await loaders[code]()
  return messages as Messages
}

export function isLocaleCode(text: unknown): text is LocaleCode {
  return localeCodes.some(code => code === text)
}

/** The first language of an Accept-Language header that the pages speak; they speak Chinese first. */
export function pickLocale(header: string | undefined): LocaleCode {
  for (const part of (header ?? '').split(',')) {
    const tag = part.split(';')[0]?.trim().toLowerCase() ?? ''
    if (tag.startsWith('zh')) return 'zh-CN'
    if (tag.startsWith('en')) return 'en'
  }
  return 'zh-CN'
}

/** The reader's language, and the way to change it for good. */
export function useLocaleSwitch() {
  const composer = useNuxtApp().$i18n as unknown as Composer
  const cookie = useCookie<string | null>('locale', { maxAge: 31_536_000, path: '/', sameSite: 'lax' })
  const current = computed(() => composer.locale.value as LocaleCode)

  async function setLocale(code: LocaleCode) {
    if (!composer.availableLocales.includes(code)) composer.setLocaleMessage(code, await loadMessages(code))
    composer.locale.value = code
    cookie.value = code
  }

  return { current, setLocale }
}
