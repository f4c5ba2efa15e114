import type { ConnectContext } from './connect/context.ts'
import type { Gateway } from './credit/context.ts'
import { escapeHtml, page } from './page.ts'
import { scenarios } from './upstream/scenarios.ts'

function row(cells: string[]): string {
  return `<tr>${cells.map(cell => `<td>${cell}</td>`).join('')}</tr>`
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`
}

const gatewayNames = { linuxdo: ['积分', 'LinuxDo Credit'], epay: ['彩虹易支付 v1', 'generic EPay'] } as const
const gatewayPaths = { linuxdo: ['/epay/pay/submit.php', '/epay/api.php'], epay: ['/submit.php', '/api.php'] } as const

function gatewayRows({ profile: { kind }, base, pid, key }: Gateway): string {
  const [submit, api] = gatewayPaths[kind]
  const [chinese, english] = gatewayNames[kind]
  const addresses = [['提交 · Submit', base + submit], ['查询与退款 · API', base + api], ['PID', pid], ['Key', key], ['故障 · Faults', `${base}/_faults`], ['订单 · Orders', `${base}/_orders`], ['通知 · Notifies', `${base}/_notices`]]
  return `<p>${chinese} <span class="soft" lang="en">· ${english}</span></p>
<div class="card"><table>${addresses.map(([name = '', value = '']) => row([name, code(value)])).join('')}</table></div>`
}

/** The sandbox's `/`: what lives here, how to reach it, and who and what can be asked for. */
export function frontPage(origin: string, connect: ConnectContext, apiKeys: string[], gateways: Gateway[]): string {
  const addresses = [
    ['授权 · Authorize', `${connect.base}/oauth2/authorize`],
    ['令牌 · Token', `${connect.base}/oauth2/token`],
    ['用户 · User', `${connect.base}/api/user`],
    ['发现 · Discovery', `${connect.base}/.well-known/openid-configuration`],
    ['故障 · Faults', `${connect.base}/_faults`],
    ['Client ID', connect.clientId],
    ['Client Secret', connect.clientSecret],
    ['回调 · Redirect', connect.redirectUris.join(' ')],
  ]
  const users = connect.users.map(user => row([
    code(String(user.id)),
    escapeHtml(user.username),
    escapeHtml(user.about[0]),
    `<span lang="en">${escapeHtml(user.about[1])}</span>`,
  ]))
  return page('Vapor sandbox', `
<h1>Vapor 沙盒 <span class="soft" lang="en">sandbox</span></h1>
<p>开发和测试用的假服务：登录、支付和模型上游。只在本机，没有真实的账号、密钥和钱。</p>
<p class="soft" lang="en">Fakes to develop and test against: sign-in, payment and a model upstream. Local only; no account, key or money here is real.</p>
<h2>登录 <span class="soft" lang="en">· Sign-in (LinuxDo Connect)</span></h2>
<div class="card"><table>${addresses.map(([name = '', value = '']) => row([escapeHtml(name), code(value)])).join('')}</table></div>
<div class="card"><table>${users.join('')}</table></div>
<p class="soft">在授权地址加上 <code>login_hint=UID</code> 可跳过选择页。<span lang="en">Add <code>login_hint=UID</code> to the authorize address to skip the page.</span></p>
<h2>支付 <span class="soft" lang="en">· Payment (EPay)</span></h2>
${gateways.map(gatewayRows).join('')}
<h2>上游 <span class="soft" lang="en">· Upstream (four dialects)</span></h2>
<div class="card"><table>
${row(['OpenAI Chat', code(`${origin}/upstream/openai/v1`)])}
${row(['OpenAI Responses', code(`${origin}/upstream/openai-responses/v1`)])}
${row(['Anthropic', code(`${origin}/upstream/anthropic/v1`)])}
${row(['Gemini', code(`${origin}/upstream/gemini/v1beta`)])}
${row(['密钥 · API keys', apiKeys.map(code).join(' ')])}
${row(['请求记录 · Requests', code(`${origin}/upstream/_requests`)])}
</table></div>
<p>模型名决定它的行为。<span class="soft" lang="en">The name of the model decides what happens.</span></p>
<div class="card" lang="en"><table>${scenarios.map(({ name, about }) => row([code(name), escapeHtml(about)])).join('')}</table></div>
`)
}
