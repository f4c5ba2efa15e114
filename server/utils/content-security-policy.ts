import type { Config } from '#server/config'

type PolicyConfig = Pick<Config, 'production' | 'OAUTH_AUTHORIZE_URL' | 'EPAY_KIND' | 'EPAY_SUBMIT_URL'>

/**
 * The policy of a rendered page (https://www.w3.org/TR/CSP3/). Scripts come from this site, or carry the nonce of this
 * answer. Styles may stand inline: the component library sets them as attributes. Pictures of users live on the forum's
 * CDN, so any https address may be one; a fake Connect on plain http is allowed by name. Orders are posted to the payment
 * gateway by the payer's browser, so a form may go there.
 */
export function contentSecurityPolicy(nonce: string, config: PolicyConfig): string {
  const connect = new URL(config.OAUTH_AUTHORIZE_URL).origin
  const directives = {
    'default-src': '\'self\'',
    'script-src': `'self' 'nonce-${nonce}'`,
    'style-src': '\'self\' \'unsafe-inline\'',
    'img-src': `'self' data: https: ${connect}`,
    'font-src': '\'self\' data:',
    'connect-src': config.production ? '\'self\'' : '\'self\' ws:',
    'form-action': `'self' ${connect} ${payeesOf(config)}`,
    'base-uri': '\'none\'',
    'object-src': '\'none\'',
    'frame-ancestors': '\'none\'',
  }
  return Object.entries(directives).map(([name, value]) => `${name} ${value}`).join('; ')
}

/**
 * Where an order's form may end up. Browsers hold the redirects after a form to the same list, and an EPay gateway sends
 * the payer on to whichever cashier it uses; LinuxDo Credit stays on its own site.
 */
function payeesOf({ EPAY_KIND, EPAY_SUBMIT_URL }: PolicyConfig): string {
  const gateway = new URL(EPAY_SUBMIT_URL).origin
  return EPAY_KIND === 'epay' ? `${gateway} https:` : gateway
}

/** Puts a nonce on every script tag of a part of the page that the renderer made; never use it on what people wrote. */
export function withNonce(html: string, nonce: string): string {
  return html.replace(/<script(?=[\s>])/g, `<script nonce="${nonce}"`)
}
