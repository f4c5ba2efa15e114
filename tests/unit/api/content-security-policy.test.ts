import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy } from '#server/utils/content-security-policy'

const config = { production: true, OAUTH_AUTHORIZE_URL: 'https://connect.example/oauth2/authorize', EPAY_KIND: 'linuxdo' as const, EPAY_SUBMIT_URL: 'https://gateway.example/epay/pay/submit.php' }

function formTargets(change: Partial<typeof config> | { EPAY_KIND: 'epay' }): string[] {
  const policy = contentSecurityPolicy('n', { ...config, ...change })
  const [, ...targets] = policy.split('; ').find(part => part.startsWith('form-action '))!.split(' ')
  return targets
}

describe('where forms may go', () => {
  it('is this site, the sign-in, and the gateway orders are posted to', () => {
    expect(formTargets({})).toEqual(['\'self\'', 'https://connect.example', 'https://gateway.example'])
  })

  it('is any https cashier too, where the gateway sends its payers on', () => {
    expect(formTargets({ EPAY_KIND: 'epay' })).toEqual(['\'self\'', 'https://connect.example', 'https://gateway.example', 'https:'])
  })
})
