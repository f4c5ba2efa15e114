/** The languages of the pages, the default first. */
export const localeCodes = ['zh-CN', 'en'] as const
export type LocaleCode = typeof localeCodes[number]

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
