/** Brings the words and icons of the page somebody is going to. */
export default defineNuxtRouteMiddleware(async (to) => {
  const composer = useComposer()
  const code = composer.locale.value
  const parts = localePartsOf(to.path)
  await Promise.all([
    isLocaleCode(code) ? addMessages(composer, code, parts) : undefined,
    import.meta.client && parts.includes('rest') ? import('virtual:rest-icons') : undefined,
  ])
})
