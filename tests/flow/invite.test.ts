import { afterAll, beforeAll, expect, it } from 'vitest'
import { inviteCookie } from '#shared/schemas/code'
import type { InviteInfo } from '#shared/schemas/code'
import { signIn } from '../support/console'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

let vapor: Vapor
beforeAll(async () => {
  vapor = await startVapor()
})
afterAll(() => vapor.stop())

/** What the front page sets when somebody opens a link. */
async function openLink(invite: string): Promise<string | undefined> {
  const answer = await fetch(`${vapor.url}/?invite=${invite}`, { headers: { accept: 'text/html' } })
  expect(answer.status).toBe(200)
  await answer.text()
  return answer.headers.getSetCookie().find(line => line.startsWith(`${inviteCookie}=`))
}

it('remembers a link until the first sign-in, and counts it there', async () => {
  const inviter = await signIn(vapor.url, '2')
  const { code } = await inviter.get<InviteInfo>('/api/user/invite')
  const cookie = await openLink(code)
  expect(cookie).toMatch(/; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
  const value = cookie!.slice(inviteCookie.length + 1, cookie!.indexOf(';'))
  await signIn(vapor.url, '3', { [inviteCookie]: value })
  await signIn(vapor.url, '1', { [inviteCookie]: value })
  expect(await inviter.get<InviteInfo>('/api/user/invite')).toMatchObject({ invited: 2 })
  await signIn(vapor.url, '3', { [inviteCookie]: value })
  expect(await inviter.get<InviteInfo>('/api/user/invite')).toMatchObject({ invited: 2 })
})

it('sets no cookie for what is no code', async () => {
  for (const wrong of ['', 'x', '%0d%0aset-cookie:a=b', 'aaaaaaaaaa&invite=bbbbbbbbbb']) expect(await openLink(wrong)).toBeUndefined()
})

it('publishes the keys of receipts', async () => {
  const answer = await fetch(`${vapor.url}/.well-known/jwks.json`)
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
  expect(await answer.json()).toMatchObject({ keys: [{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' }] })
  expect((await fetch(`${vapor.url}/v1/receipts/req_x`)).status).toBe(401)
})
