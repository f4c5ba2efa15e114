import { escapeHtml, page } from '../page.ts'
import { localTime } from './clock.ts'
import type { Gateway, PayAction } from './context.ts'
import { fixedMoney } from './money.ts'
import type { CreditOrder } from './orders.ts'

const labels: Record<PayAction | 'expire', [string, string]> = {
  'pay': ['付款', 'Pay'],
  'wrong-key': ['支付密钥错误', 'Wrong pay key'],
  'insufficient': ['余额不足', 'Not enough balance'],
  'daily-limit': ['超过每日限额', 'Beyond the daily limit'],
  'self-pay': ['商户自己付款', 'Pay as the merchant'],
  'expire': ['让订单过期', 'Let it expire'],
}

const titles: Record<Gateway['profile']['kind'], [string, string]> = {
  linuxdo: ['沙盒积分支付', 'Sandbox Credit'],
  epay: ['沙盒易支付', 'Sandbox EPay'],
}

function heading({ profile }: Gateway): string {
  const [chinese, english] = titles[profile.kind]
  return `<h1>${chinese} <span class="soft" lang="en">${english}</span></h1>
<p class="soft">这里没有真实的钱。<span lang="en">No money here is real.</span></p>`
}

function row(name: string, value: string): string {
  return `<tr><td class="soft">${name}</td><td>${value}</td></tr>`
}

function summary({ profile }: Gateway, order: CreditOrder): string {
  const unit = profile.kind === 'linuxdo' ? 'LDC' : 'CNY'
  const expiry = Number.isFinite(order.expiresAt) ? row('有效期至 · Until', localTime(order.expiresAt)) : ''
  // The generic gateway keeps names escaped.
  const name = profile.kind === 'epay' ? order.name : escapeHtml(order.name)
  return `<div class="card"><p class="amount">${fixedMoney(order.cents)} <small class="soft">${unit}</small></p><table>
${row('商品 · Item', name)}
${row('订单号 · Order', `<code>${escapeHtml(order.outTradeNo)}</code>`)}
${expiry}</table></div>`
}

function buttons(order: CreditOrder, actions: readonly (PayAction | 'expire')[]): string {
  const rows = actions.map((action) => {
    const [chinese, english] = labels[action]
    return `<button type="submit" name="action" value="${action}"${action === 'pay' ? '' : ' class="plain"'}>${chinese} <span lang="en">· ${english}</span></button>`
  })
  return `<form class="stack" method="post" action="paying"><input type="hidden" name="order_no" value="${escapeHtml(order.orderNo)}">${rows.join('\n')}</form>`
}

/** What is asked, one button to pay it, and one for each way it can fail. */
export function payingPage(gateway: Gateway, order: CreditOrder): string {
  const others = gateway.profile.actions.filter(action => action !== 'pay')
  return page(titles[gateway.profile.kind][1], `
${heading(gateway)}
${summary(gateway, order)}
<div class="card">${buttons(order, ['pay'])}</div>
<h2>或者试试别的结果 <span class="soft" lang="en">· Or see what else can happen</span></h2>
<div class="card">${buttons(order, [...others, 'expire'])}</div>
`, 'narrow')
}

/** Paid: leads back to the shop by itself, and by a link for who does not wait. */
export function donePage(gateway: Gateway, order: CreditOrder): string {
  const { returnAddress, returnSeconds, kind } = gateway.profile
  const address = returnAddress(gateway, order)
  const target = address !== undefined && /^https?:\/\//i.test(address) ? address : undefined
  const back = target === undefined
    ? '<p>可以关闭此页。<span lang="en">You can close this page.</span></p>'
    : `<p>${returnSeconds} 秒后返回商家。<span class="soft" lang="en">Back to the shop in ${returnSeconds} s.</span></p>
<p><a href="${escapeHtml(target)}">立即返回 · Return now</a></p>`
  return page(titles[kind][1], `
${heading(gateway)}
${summary(gateway, order)}
<div class="card"><p><strong>支付成功</strong> <span lang="en">· Paid</span></p>${back}</div>
`, 'narrow', target === undefined ? undefined : { seconds: returnSeconds, address: target })
}

/** What the gateway says when it takes no payment; an order that can still be paid is linked. */
export function problemPage(gateway: Gateway, message: string, order: CreditOrder | undefined): string {
  const again = order?.state === 'pending'
    ? `<p><a href="paying?order_no=${encodeURIComponent(order.orderNo)}">返回支付页 · Try again</a></p>`
    : ''
  return page(titles[gateway.profile.kind][1], `
${heading(gateway)}
<div class="card"><p class="warn">${escapeHtml(message)}</p>${again}</div>
`, 'narrow')
}
