import { defineNitroPlugin } from 'nitropack/runtime'
import { useConfig } from '#server/config'
import { escapeMarkup, isPublicPage } from '#server/utils/public-pages'

/**
 * Tells whoever lists or shares a public page its one address, from FRONTEND_URL and never from the request: behind
 * several names a page is the same page, and a `Host` header is anybody's to send.
 */
export default defineNitroPlugin((nitro) => {
  nitro.hooks.hook('render:html', (html, { event }) => {
    const { publicOrigin } = useConfig()
    const path = event.path.split('?')[0] ?? '/'
    if (!publicOrigin || !isPublicPage(path)) return
    const address = escapeMarkup(publicOrigin + path)
    html.head.push(
      `<link rel="canonical" href="${address}">`,
      `<meta property="og:url" content="${address}">`,
      `<meta property="og:image" content="${escapeMarkup(publicOrigin)}/og.png">`,
    )
  })
})
