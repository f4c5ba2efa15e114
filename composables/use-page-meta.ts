import { useI18n } from 'vue-i18n'

/** Title and description of a page, in the reader's language. */
export function usePageMeta(page: string) {
  const { t } = useI18n()
  useSeoMeta({
    title: () => t(`pages.${page}.title`),
    description: () => t(`pages.${page}.description`),
    ogTitle: () => t(`pages.${page}.title`),
    ogDescription: () => t(`pages.${page}.description`),
  })
}
