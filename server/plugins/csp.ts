import { randomBytes } from 'node:crypto'
import { setResponseHeader } from 'h3'
import { defineNitroPlugin } from 'nitropack/runtime'
import { useConfig } from '#server/config'
import { contentSecurityPolicy, withNonce } from '#server/utils/content-security-policy'
import { isOpenPage, keepPage } from '#server/utils/kept-pages'
import { OPEN_PAGE, OWN_ANSWER } from '#server/utils/page-headers'

const NONCE_BYTES = 16

/**
 * Gives each rendered page a policy with a fresh nonce, and the nonce to the scripts the renderer has put into it; says who
 * may keep the page, and keeps those that are whole and anybody's.
 */
export default defineNitroPlugin((nitro) => {
  nitro.hooks.hook('render:html', (html, { event }) => {
    const nonce = randomBytes(NONCE_BYTES).toString('base64')
    html.head = html.head.map(part => withNonce(part, nonce))
    html.bodyPrepend = html.bodyPrepend.map(part => withNonce(part, nonce))
    html.bodyAppend = html.bodyAppend.map(part => withNonce(part, nonce))
    setResponseHeader(event, 'content-security-policy', contentSecurityPolicy(nonce, useConfig()))
    event.context['nonce'] = nonce
  })
  nitro.hooks.hook('render:response', ({ body, statusCode = 200 }, { event }) => {
    const nonce: unknown = event.context['nonce']
    const open = statusCode === 200 && event.context['incomplete'] !== true && isOpenPage(event)
    setResponseHeader(event, 'cache-control', open ? OPEN_PAGE : OWN_ANSWER)
    if (open && typeof body === 'string' && typeof nonce === 'string') keepPage(event, body, nonce)
  })
})
