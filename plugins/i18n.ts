import { createI18n } from 'vue-i18n'
import type { Composer } from 'vue-i18n'
import { addMessages, localePartsOf } from '~/composables/use-locale-switch'
import type { LocaleCode } from '~~/shared/utils/locales'

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
    const i18n = createI18n({ legacy: false, globalInjection: true, locale: locale.value, missingWarn: false, fallbackWarn: false, messages: {} })
    nuxt.vueApp.use(i18n)
    const path = useRoute().path
    await addMessages(i18n.global as unknown as Composer, locale.value, localePartsOf(path))
    return { provide: { i18n: i18n.global } }
  },
})
