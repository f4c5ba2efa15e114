import { escapeHtml, page } from '../page.ts'
import type { ConnectContext } from './context.ts'
import { claimsOf } from './users.ts'

/** The page that asks who signs in. Every choice is a link to the same request with an answer added. */
export function choosePage(context: ConnectContext, url: URL): string {
  const answered = (name: string, value: string): string => {
    const next = new URL(url)
    next.searchParams.delete('login_hint')
    next.searchParams.delete('user')
    next.searchParams.set(name, value)
    return escapeHtml(next.pathname + next.search)
  }
  const choices = context.users.map((user) => {
    const claims = claimsOf(user, context.base)
    const picture = new URL(claims.avatar_template.replace('{size}', '96'), context.base).pathname
    return `<a class="choice" href="${answered('login_hint', String(user.id))}">`
      + `<img src="${escapeHtml(picture)}" alt="" width="40" height="40">`
      + `<span><strong>${escapeHtml(user.username)}</strong> <span class="soft">#${user.id}</span>`
      + `<small lang="zh-CN">${escapeHtml(user.about[0])}</small><small lang="en">${escapeHtml(user.about[1])}</small></span></a>`
  })
  const hidden = [...url.searchParams]
    .filter(([name]) => name !== 'login_hint' && name !== 'user')
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
  return page('Sandbox Connect', `
<h1>沙盒登录 <span class="soft" lang="en">Sandbox sign-in</span></h1>
<p>选择以谁的身份登录。这里不是 LINUX DO，没有真实账号。</p>
<p class="soft" lang="en">Choose who signs in. This is not LINUX DO; nobody here is real.</p>
<div class="card">${choices.join('\n')}</div>
<div class="card"><form method="get" action="${escapeHtml(url.pathname)}">${hidden.join('')}
<label><input name="login_hint" inputmode="numeric" pattern="[1-9][0-9]{0,14}" required placeholder="UID" aria-label="其他用户编号 · another user id"></label>
<button type="submit">登录 · Sign in</button></form></div>
<div class="card"><a class="choice warn" href="${answered('decision', 'deny')}"><span><strong>拒绝授权</strong> <span lang="en">· Deny</span></span></a></div>
`, 'narrow')
}

export function refusalPage(chinese: string, english: string): string {
  return page('Sandbox Connect', `
<h1>无法继续 <span class="soft" lang="en">Cannot go on</span></h1>
<div class="card"><p class="warn">${escapeHtml(chinese)}</p><p lang="en">${escapeHtml(english)}</p></div>
`, 'narrow')
}
