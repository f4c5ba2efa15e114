/** Tells whoever keeps pages that a part of this one could not be loaded: the next visitor shall not get the same failure. */
export default defineNuxtPlugin({
  name: 'incomplete',
  setup(nuxt) {
    nuxt.hook('app:rendered', ({ ssrContext }) => {
      if (ssrContext && Object.values(nuxt.payload._errors).some(Boolean)) ssrContext.event.context['incomplete'] = true
    })
  },
})
