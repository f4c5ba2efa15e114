/** What a page is for, done by a person in English at a desk and in Chinese on a phone: the admin's pages, and the way in. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EntryReply } from '#shared/schemas/usage'
import { fitsWidth, forgive, launchBrowser, openPage, readers, said, visit } from '../support/browser'
import type { Reader } from '../support/browser'
import type { Console } from '../support/console'
import { LONG_NAME, startFurnished } from '../support/furnished'
import type { Furnished } from '../support/furnished'
import { payAs } from '../support/payer'
import type { Vapor } from '../support/server'

let vapor: Vapor
let shop: Furnished
let browser: Browser
const complaints: string[] = []

beforeAll(async () => {
  browser = await launchBrowser();
  ({ vapor, shop } = await startFurnished())
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

const open = ({ locale, phone }: Reader, as?: Console): Promise<Page> =>
  openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale, phone, ...(as ? { cookies: as.cookies() } : {}) })

const closed = (dialog: Locator) => dialog.waitFor({ state: 'detached' })

describe.each(readers.slice(0, 2))('$name', (reader) => {
  const { words, phone, lang } = reader
  /** Differs by reader, so that neither finds what the other has left. */
  const mark = phone ? 'phone' : 'desk'
  let page: Page
  let dialog: Locator
  beforeAll(async () => {
    page = await open(reader, shop.admin)
    dialog = page.getByRole('dialog')
  })
  afterAll(() => page?.context().close())
  beforeEach(() => {
    complaints.length = 0
    return async () => {
      expect(complaints).toEqual([])
      expect(await fitsWidth(page)).toBe(true)
    }
  })

  const go = async (path: string) => expect(await visit(page, vapor.url + path)).toBe(200)
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const toast = (text: string) => page.getByText(text, { exact: true }).first()

  it('signs in and lands where one wanted to go', async () => {
    const guest = await open(reader)
    expect(await visit(guest, `${vapor.url}/console/keys`)).toBe(200)
    await guest.getByRole('heading', { level: 1, name: words.login.title }).waitFor()
    await guest.getByRole('link', { name: words.session.signInWith }).click()
    await guest.locator('a.choice[href*="login_hint=3"]').first().click()
    await guest.waitForURL(`${vapor.url}/console/keys`)
    await guest.getByText(words.keys.noneTitle).waitFor()
    expect(await fitsWidth(guest)).toBe(true)
    await guest.context().close()
  })

  it('sees money and trouble of a period, and who it is about', async () => {
    await go('/admin')
    await page.getByText(words.alerts.kinds.contested.title).waitFor()
    await page.getByRole('region', { name: words.nav.channels, exact: true }).getByRole('link', { name: 'Broken', exact: true }).first().waitFor()
    await button(words.stats.today).click()
    await page.waitForURL(/days=1$/)
    const requests = page.getByRole('group', { name: words.stats.measure }).getByRole('button', { name: words.stats.requests })
    await requests.click()
    await expect.poll(() => requests.getAttribute('aria-pressed')).toBe('true')
    await page.getByRole('region', { name: words.stats.tops }).getByRole('link', { name: 'user', exact: true }).click()
    await page.waitForURL(`${vapor.url}/admin/users?search=2`)
    await page.getByRole('button', { name: said(words.users.openOf, { name: 'user' }) }).waitFor()
  })

  it('connects a channel, tries it, and takes it away', async () => {
    const { baseUrl, apiKeys } = vapor.sandbox!.upstream
    const name = `Kettle ${mark}`
    await go('/admin/channels')
    await button(words.channels.create).click()
    await dialog.getByLabel(words.channels.name, { exact: true }).fill(name)
    await dialog.getByLabel(words.channels.baseUrl).fill(baseUrl)
    await dialog.getByLabel(words.channels.credentials).fill(apiKeys[0]!)
    await dialog.getByRole('button', { name: words.channels.createSubmit, exact: true }).click()
    // What it offers comes by itself.
    await page.getByRole('dialog', { name: words.offer.title }).getByRole('button', { name: words.offer.later, exact: true }).click()
    await closed(dialog)
    await button(said(words.channels.testOf, { name })).click()
    await dialog.getByLabel(words.channels.testModel).fill('sandbox-text')
    await dialog.getByRole('button', { name: words.channels.testRun }).click()
    await dialog.getByText(words.channels.testOk).waitFor()
    await dialog.getByRole('button', { name: words.common.close, exact: true }).first().click()
    await closed(dialog)
    await button(said(words.channels.menuOf, { name })).click()
    await page.getByRole('menuitem', { name: words.channels.delete }).click()
    await dialog.getByRole('button', { name: words.channels.deleteConfirm, exact: true }).click()
    await button(said(words.channels.menuOf, { name })).waitFor({ state: 'detached' })
  })

  it('prices a model and finds it on sale', async () => {
    const name = `tea-${mark}`
    await go('/admin/models')
    await button(words.models.create).click()
    await dialog.getByLabel(words.models.name).fill(name)
    await dialog.getByLabel(words.classes.input, { exact: true }).fill('3')
    await dialog.getByLabel(words.classes.output, { exact: true }).fill('6.5')
    await dialog.getByRole('button', { name: words.routes.add }).click()
    await dialog.getByLabel(words.routes.channel, { exact: true }).click()
    await page.getByRole('option', { name: 'Sandbox', exact: true }).click()
    await dialog.getByLabel(words.routes.upstream).fill('sandbox-text')
    await dialog.getByRole('button', { name: words.models.createSubmit, exact: true }).click()
    await closed(dialog)
    await page.getByRole('listitem').filter({ hasText: name }).getByText(words.models.onSale, { exact: true }).waitFor()
    const guest = await open(reader)
    await visit(guest, `${vapor.url}/models/${name}`)
    await guest.getByText('6.5', { exact: true }).first().waitFor()
    await guest.context().close()
  })

  it('finds a user, gives him credit, and he reads why', async () => {
    const why = `For the patience, ${mark}`
    await go('/admin/users')
    await page.getByRole('searchbox', { name: words.users.search }).fill('mark')
    await page.getByRole('button', { name: said(words.users.openOf, { name: 'markup' }) }).click()
    await dialog.getByLabel(words.adjust.amount, { exact: true }).fill('2.5')
    await dialog.getByLabel(words.adjust.reason, { exact: true }).fill(why)
    const before = Number(await dialog.getByTestId('user-available').getAttribute('title'))
    await dialog.getByRole('button', { name: words.adjust.submit, exact: true }).click()
    await page.getByRole('button', { name: words.adjust.confirm, exact: true }).click()
    await expect.poll(async () => Number(await dialog.first().getByTestId('user-available').getAttribute('title'))).toBe(before + 2.5)
    const { items } = await shop.admin.get<{ items: EntryReply[] }>('/api/admin/users/11/entries')
    expect(items[0]).toMatchObject({ kind: 'adjust', amount: '2.5', note: why })
  })

  it('finds the request that failed, and why', async () => {
    await go('/admin/requests')
    const rows = page.getByRole(phone ? 'listitem' : 'row').filter({ has: page.getByRole('button') })
    await rows.filter({ hasText: LONG_NAME }).waitFor()
    await page.getByRole('combobox', { name: words.requests.filterOutcome }).click()
    await page.getByRole('option', { name: words.requests.outcomes.failed, exact: true }).click()
    await rows.filter({ hasText: LONG_NAME }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: words.requests.filterChannel }).click()
    await page.getByRole('option', { name: 'Broken', exact: true }).click()
    await rows.filter({ hasText: 'sandbox-error-500' }).waitFor({ state: 'detached' })
    await rows.filter({ hasText: 'broken-text' }).getByRole('button').click()
    await dialog.getByText(words.requests.errorSeen).waitFor()
    await dialog.getByText('broken → sandbox-text').first().waitFor()
    await page.keyboard.press('Escape')
    await closed(dialog)
  })

  it('tries the gateway and changes what an invitation brings', async () => {
    const reward = phone ? '6' : '4'
    await go('/admin/payments')
    await button(words.payments.test).click()
    await expect.poll(() => page.getByTestId('self-test').getByText(words.payments.stepOk).count()).toBe(5)
    await page.getByLabel(words.payments.fields.inviteCredit, { exact: true }).fill(reward)
    await button(words.payments.save).click()
    await toast(words.common.saved).waitFor()
    expect(await shop.admin.get('/api/admin/settings/payments')).toMatchObject({ settings: { inviteCredit: reward } })
  })

  it('pays an order back', async () => {
    const payer = await payAs(vapor.url, phone ? '82' : '81')
    const id = await payer.order('9')
    await vapor.sandbox!.credit.pay(id)
    await go('/admin/orders')
    await page.getByRole('combobox', { name: words.orders.filterState }).click()
    await page.getByRole('option', { name: words.orderStates.paid.name, exact: true }).click()
    await page.getByRole('searchbox', { name: words.orders.search }).fill(id)
    const row = page.getByRole('button', { name: said(words.orders.openOf, { id }) })
    await row.click()
    await button(words.orders.refund).click()
    await page.getByLabel(words.orders.reason, { exact: true }).fill('Paid twice')
    await page.getByRole('button', { name: words.orders.refundConfirm.split('{')[0]!.trim() }).last().click()
    await dialog.getByText(words.orderStates.refunded.name, { exact: true }).first().waitFor()
    expect(vapor.sandbox!.credit.order(id).state).toBe('refund')
    expect(await payer.booked(id)).toEqual(['topup 18', 'refund -18'])
  })

  it('makes codes, one of which becomes credit', async () => {
    const name = `Harvest ${mark}`
    await go('/admin/codes')
    await button(words.codes.create).click()
    await dialog.getByLabel(words.codes.name, { exact: true }).fill(name)
    await dialog.getByLabel(words.codes.value).fill('7')
    await dialog.getByLabel(words.codes.count, { exact: true }).fill('2')
    await dialog.getByRole('button', { name: words.codes.createSubmit, exact: true }).click()
    const [code = ''] = (await page.getByTestId('codes').innerText()).trim().split('\n')
    await button(words.codes.done).click()
    await closed(dialog)

    const wallet = await open(reader, shop.user)
    await visit(wallet, `${vapor.url}/console/wallet`)
    const before = Number(await wallet.getByTestId('available').getAttribute('title'))
    await wallet.getByRole('button', { name: words.redeem.open, exact: true }).click()
    await wallet.getByRole('textbox', { name: words.redeem.code }).fill(code.toLowerCase())
    await wallet.getByRole('button', { name: words.redeem.submit, exact: true }).last().click()
    await wallet.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(async () => Number(await wallet.getByTestId('available').getAttribute('title'))).toBeCloseTo(before + 7, 9)
    expect(await fitsWidth(wallet)).toBe(true)
    await wallet.context().close()

    await go('/admin/codes')
    await page.getByRole('listitem').filter({ hasText: name }).getByText('1 / 2').waitFor()
  })

  it('finds who did what', async () => {
    await go('/admin/audit')
    await page.getByRole('combobox', { name: words.audit.filterAction }).click()
    await page.getByRole('option', { name: words.audit.subjects.codes, exact: true }).click()
    await page.getByText(words.audit.actions.announcement.create).first().waitFor({ state: 'detached' })
    await page.getByText(words.audit.actions.codes.create).first().waitFor()
  })

  it('names the shop, and everybody reads it', async () => {
    const name = lang === 'en' ? 'Tea House' : '茶馆'
    await go('/admin/settings')
    const site = page.getByRole('region', { name: words.settings.site, exact: true })
    await site.getByLabel(words.settings.name).fill(name)
    await site.getByRole('button', { name: words.common.save, exact: true }).click()
    await toast(words.common.saved).waitFor()
    const guest = await open(reader)
    await visit(guest, `${vapor.url}/models`)
    expect(await guest.title()).toBe(`${words.pages.models.title} · ${name}`)
    await guest.context().close()
  })
})

it('checks the books once, and tells a second admin that it was done just now', async () => {
  const [desk, phone] = [readers[0], readers[1]]
  const [first, second] = [await open(desk, shop.admin), await open(phone, shop.admin)]
  await visit(first, `${vapor.url}/admin/books`)
  await first.getByText(desk.words.books.never).waitFor()
  await first.getByRole('button', { name: desk.words.books.checkNow }).click()
  await first.getByRole('heading', { name: desk.words.books.good }).waitFor()
  await first.getByRole('region', { name: desk.words.books.byModel }).getByRole('link', { name: LONG_NAME }).waitFor()
  await visit(second, `${vapor.url}/admin/books`)
  await second.getByRole('heading', { name: phone.words.books.good }).waitFor()
  await second.getByRole('button', { name: phone.words.books.checkNow }).click()
  await second.getByText(phone.words.errors.checked_just_now).first().waitFor()
  expect(await fitsWidth(second)).toBe(true)
  forgive(complaints, 429)
  expect(complaints).toEqual([])
  for (const page of [first, second]) await page.context().close()
})
