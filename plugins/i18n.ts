import { createI18n } from 'vue-i18n'
import { isLocaleCode, loadMessages, pickLocale } from '~/composables/use-locale-switch'
import type { LocaleCode } from '~/composables/use-locale-switch'

/**
 * Words of the pages. The locale is decided once, on the server (cookie, else Accept-Language, else Chinese), and
 * travels in the payload, so that the browser starts with the very words the server has rendered.
 */
export default defineNuxtPlugin({
  name: 'i18n',
  async setup(nuxt) {
    const locale = useState<LocaleCode>('locale', () => {
      const stored = useCookie<string | null>('locale').value
      return isLocaleCode(stored) ? stored : pickLocale(useRequestHeaders(['accept-language'])['accept-language'])
    })
    const messages = await loadMessages(locale.value)
    const i18n = createI18n({
      legacy: false,
      globalInjection: true,
      locale: locale.value,
      missingWarn: false,
      fallbackWarn: false,
      messages: { [locale.value]: messages },
    })
    nuxt.vueApp.use(i18n)
    return { provide: { i18n: i18n.global } }
  },
})
